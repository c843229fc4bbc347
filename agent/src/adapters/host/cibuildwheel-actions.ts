import { buildIdentifier, cibuildwheelRefusal, cibuildwheelVariables } from "../../domain/cibuildwheel.ts";
import type { StepKind } from "../../domain/job-steps.ts";
import { buildCommandChange } from "./build-commands.ts";
import type { JobContext, StepEnd } from "./job-context.ts";
import { venvPython } from "./job-environment.ts";
import { agents, DONE, failed, pip, type ActionsOf } from "./step-tools.ts";

/** The step that only builds by cibuildwheel have. */
export const CIBUILDWHEEL_ACTIONS = {
  "install-cibuildwheel": ({ platform }, context) => {
    const { job, build } = context;
    if (job.work.kind !== "build") throw new Error(`${job.name} builds nothing`);
    const refusal = cibuildwheelRefusal(job, job.work, platform);
    if (refusal !== null) return Promise.resolve(agents("bad-spec", refusal));
    if (platform.startsWith("linux-") && build.containerEngine === null) {
      const summary =
        "cibuildwheel runs containers itself, and there is no docker or podman command where this job runs: " +
        "install one on the agent's machine, and run the agent with KILN_EXECUTOR=host";
      return Promise.resolve(agents("infrastructure", summary));
    }
    return pip(context, "install-cibuildwheel", ["install", "--", "cibuildwheel"]);
  },
} as const satisfies Partial<ActionsOf<"install-cibuildwheel">>;

/** Builds the job's one wheel of the source in `tree` into `target`. */
export async function cibuildwheel(
  context: JobContext,
  step: StepKind,
  platform: string,
  { tree, target }: { readonly tree: string; readonly target: string },
): Promise<StepEnd> {
  const { job, build } = context;
  if (job.work.kind !== "build") throw new Error(`${job.name} builds nothing`);
  const change = buildCommandChange(context);
  const passed = [...Object.keys(job.env), ...(job.secrets ?? [])];
  const variables = cibuildwheelVariables(job.work, { platform, engine: build.containerEngine, passed });
  const own = Object.fromEntries(Object.entries(variables).filter(([name]) => job.env[name] === undefined));
  const set = { ...change.set, ...own };
  for (const [name, value] of Object.entries(set)) context.note(`${name}=${value}`);
  const args = ["--only", buildIdentifier(job.python, platform) ?? "", "--output-dir", target, tree];
  context.note(`$ cibuildwheel ${args.map((arg) => arg.replace(context.folder.root, ".")).join(" ")}`);
  const argv = [venvPython(context.folder.virtualEnv), "-m", "cibuildwheel", ...args] as const;
  const end = await context.command({ argv, cwd: context.folder.temporary }, { ...change, set });
  return end.exitCode === 0 ? DONE : failed(context, step, end);
}
