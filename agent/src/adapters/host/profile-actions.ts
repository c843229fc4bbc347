import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { StepKind } from "../../domain/job-steps.ts";
import type { MeasureWork, ProfileWork } from "../../domain/job.ts";
import { importArguments, metricsOf, ncuTrouble, profileArguments } from "../../domain/measure/ncu.ts";
import type { Arm } from "../../domain/measure/process-order.ts";
import type { MeasuredProcess } from "../../domain/report.ts";
import { runTool } from "../system/run-tool.ts";
import { armsIn, besideIn } from "./baseline-actions.ts";
import { copyMeasured } from "./bench-actions.ts";
import type { JobContext, StepEnd } from "./job-context.ts";
import { readOwnFile } from "./own-file.ts";
import { profiledKernels } from "./profiled-kernels.ts";
import { shellCommand } from "./shell-command.ts";
import { agents, DONE, failed, type ActionsOf } from "./step-tools.ts";

const NCU = "ncu";
const QUERY_TIMEOUT_MS = 60_000;
const LOG_BYTES_MAX = 16 * 1024 ** 2;
/** The fix of ERR_NVGPUCTRPERM, as NVIDIA's page of that name has it. */
const COUNTERS_ADVICE =
  "on the host, load the nvidia module with NVreg_RestrictProfilingToAdminUsers=0, or run the agent as an administrator";

/** Steps that profile the kernels of the candidate, and of a baseline where there is one. */
export const PROFILE_ACTIONS = {
  "run-profile": async ({ profile, work }, context) => {
    const queried = await runTool(NCU, ["--query-metrics"], {
      timeoutMs: QUERY_TIMEOUT_MS,
      cwd: context.folder.temporary,
    });
    if (!queried.ok && /ENOENT/.test(queried.output)) {
      return agents(
        "infrastructure",
        "Nsight Compute (ncu) is not installed on this agent: install it, or stop profiling here",
      );
    }
    const metrics = metricsOf(profile, queried.ok ? queried.output : null);
    const copied = await copyMeasured(work, context);
    if (!copied.ok) return copied;
    const processes: MeasuredProcess[] = [];
    for (const arm of armsIn(work, context)) {
      const profiled = await profileArm(arm, profile, work, metrics, context);
      if (!profiled.ok) return profiled.end;
      processes.push(profiled.process);
    }
    context.report({ kind: "measure", ...besideIn(work, context), processes });
    return DONE;
  },
} as const satisfies Partial<ActionsOf<StepKind>>;

type Profiled =
  | { readonly ok: true; readonly process: MeasuredProcess }
  | { readonly ok: false; readonly end: StepEnd };

async function profileArm(
  arm: Arm,
  profile: ProfileWork,
  { check }: MeasureWork,
  metrics: readonly string[],
  context: JobContext,
): Promise<Profiled> {
  const folder = join(context.folder.results, arm);
  await mkdir(folder);
  const files = {
    report: join(folder, `${arm}.ncu-rep`),
    log: join(folder, "ncu.log"),
    csv: join(folder, `${arm}.csv`),
  };
  const startedMs = performance.now();
  context.useArm(arm);
  context.note(`profiling the ${arm}`);
  let kernels: Awaited<ReturnType<typeof profiledKernels>>;
  const change = { drop: null, set: { LC_ALL: "C", KILN_RESULTS: folder, KILN_ARM: arm } };
  const run = (args: readonly string[]) => context.command({ argv: [NCU, ...args], cwd: context.folder.test }, change);
  try {
    const end = await run([
      ...profileArguments(profile, files, metrics),
      ...shellCommand(check.command, context.folder.temporary).argv,
    ]);
    const log = (await readOwnFile(files.log, folder, LOG_BYTES_MAX).catch(() => null)) ?? "";
    const trouble = ncuTrouble(log + context.stepOutputTail());
    if (trouble?.kind === "permission") {
      return no(
        agents("infrastructure", `ncu may not read performance counters (ERR_NVGPUCTRPERM): ${COUNTERS_ADVICE}`),
      );
    }
    if (end.exitCode !== 0) return no(failed(context, "run-profile", end));
    if (trouble) return no(agents("bad-spec", noKernels(profile)));
    const imported = await run(importArguments(files, metrics));
    if (imported.exitCode !== 0) return no(failed(context, "run-profile", imported));
    kernels = await profiledKernels(NCU, { report: files.report, folder }, context);
    if (kernels.kernelsUnknown !== "") context.note(`the ${arm}: ${kernels.kernelsUnknown}`);
  } finally {
    context.useArm("candidate");
  }
  const names: string[] = [];
  for (const [role, path] of [
    ["profile", files.report],
    ["profile-metrics", files.csv],
  ] as const) {
    const filename = path.slice(folder.length + 1);
    // A report is binary, and would not be one any more without some of its bytes.
    const kept = role === "profile-metrics" ? await context.withoutSecrets(path) : path;
    const stored = await context.blobs.store(kept, filename, context.signal);
    if (!stored.ok) return no(agents("infrastructure", `${filename} could not be stored: ${stored.message}`));
    context.artifact(role, stored.blob);
    names.push(filename);
  }
  const durationMs = Math.round(performance.now() - startedMs);
  const stamp = { gpu: null, foreignCpu: null };
  return {
    ok: true,
    process: { ...{ arm, pair: 1, exitCode: 0, durationMs, stamp, files: names, disturbed: "" }, ...kernels },
  };
}

function no(end: StepEnd): Profiled {
  return { ok: false, end };
}

function noKernels({ kernels, launchSkip }: ProfileWork): string {
  const which = kernels === null ? "" : ` whose name matches ${JSON.stringify(kernels)}`;
  return `no kernel was profiled: the command launches none${which} more than ${launchSkip} times; see profile.kernels and profile.launch-skip`;
}
