import { join } from "node:path";
import { buildVariables, misleading } from "../../domain/build-environment.ts";
import type { StepKind } from "../../domain/job-steps.ts";
import { compilerCacheVariables, type CompilerCache } from "./compiler-cache.ts";
import type { JobContext, StepEnd } from "./job-context.ts";
import type { EnvironmentChange } from "./job-environment.ts";
import { pip } from "./step-tools.ts";

/** What the commands that run the candidate's build have beside the job's environment, which wins over it. */
export function buildCommandChange(context: JobContext): EnvironmentChange {
  const { job, progress, build, folder } = context;
  const wish = job.work.kind === "build" ? job.work.wheel : null;
  const cache = usableCache(context);
  const nvcc = progress.toolkit === null ? null : join(progress.toolkit.path, "bin", "nvcc");
  const variables = {
    ...buildVariables({
      wish,
      toolkit: progress.toolkit,
      sourceDateEpoch: progress.sourceDateEpoch ?? 0,
      share: build.share,
    }),
    ...(cache === null ? {} : compilerCacheVariables(cache, { root: folder.root, nvcc })),
  };
  const drop = misleading(wish);
  return {
    drop: drop !== null && !Object.keys(job.env).some((name) => drop.test(name)) ? drop : null,
    set: Object.fromEntries(Object.entries(variables).filter(([name]) => job.env[name] === undefined)),
    pathFirst: [
      ...(cache?.ccache == null ? [] : [cache.links]),
      ...(progress.toolkit === null ? [] : [join(progress.toolkit.path, "bin")]),
    ],
  };
}

/** A cache would make a second build a copy of the first. */
function usableCache({ job, build }: JobContext): CompilerCache | null {
  return job.work.kind === "build" && job.work.checkReproducible ? null : build.compilerCache;
}

/** Builds a wheel of the source in `tree` into `target`. */
export function buildWheel(
  context: JobContext,
  step: StepKind,
  configSettings: Readonly<Record<string, string>>,
  places: { readonly tree: string; readonly target: string },
): Promise<StepEnd> {
  const isIsolated = context.job.work.kind !== "build" || context.job.work.wheel?.torch == null;
  const change = buildCommandChange(context);
  for (const [name, value] of Object.entries(change.set)) context.note(`${name}=${value}`);
  const settings = Object.entries(configSettings).flatMap(([name, value]) => ["--config-settings", `${name}=${value}`]);
  const args = [
    "wheel",
    "--no-deps",
    // Such a build can take an hour: what it writes is shown while it runs.
    ...(isIsolated ? [] : ["--no-build-isolation", "--verbose"]),
    "--use-pep517",
    "--wheel-dir",
    places.target,
    ...settings,
    places.tree,
  ];
  return pip(context, step, args, change);
}
