import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import type { ProcessEnd } from "../../domain/classify.ts";
import { importNames } from "../../domain/import-names.ts";
import type { StepKind } from "../../domain/job-steps.ts";
import type { BenchWork, MeasureWork } from "../../domain/job.ts";
import { disturbance } from "../../domain/measure/disturbance.ts";
import { ProcessOrder, type PlannedProcess } from "../../domain/measure/process-order.ts";
import type { MeasuredProcess } from "../../domain/report.ts";
import { watchMachine } from "../measure/stamp.ts";
import { armsIn, besideIn } from "./baseline-actions.ts";
import { copyTestFiles } from "./copy-test-files.ts";
import type { JobContext, StepEnd } from "./job-context.ts";
import { openOwnFile } from "./own-file.ts";
import { shellCommand } from "./shell-command.ts";
import { agents, DONE, failed, type ActionsOf } from "./step-tools.ts";

/** Of one process. */
const FILES_MAX = 8;
const FILE_BYTES_MAX = 32 * 1024 ** 2;

/** Steps that measure the candidate beside a baseline. */
export const BENCH_ACTIONS = {
  "run-bench": async ({ bench, work }, context) => {
    const copied = await copyMeasured(work, context);
    if (!copied.ok) return copied;
    const order = new ProcessOrder({ ...bench, hasBaseline: armsIn(work, context).includes("baseline") });
    const processes: MeasuredProcess[] = [];
    const report = (): void => context.report({ kind: "measure", ...besideIn(work, context), processes });
    for (let planned = order.next(); planned; planned = order.next()) {
      const measured = await measure(planned, processes.length, bench, work, context);
      if (!measured.ok) {
        if (processes.length > 0) report();
        return measured.end;
      }
      const { process } = measured;
      const why = disturbance(process.stamp, bench);
      const isAgain = why !== null && order.disturbed(planned);
      if (why !== null) context.note(`disturbed: ${why}${isAgain ? "; the pair is measured again" : ""}`);
      processes.push(isAgain && why !== null ? { ...process, disturbed: why } : process);
    }
    report();
    return DONE;
  },
} as const satisfies Partial<ActionsOf<StepKind>>;

/** Puts what the command needs of the source where it runs. */
export async function copyMeasured({ check }: MeasureWork, context: JobContext): Promise<StepEnd> {
  const names = importNames(context.progress.installed?.paths ?? []);
  const copied = await copyTestFiles(check.files, context.folder.source, context.folder.test, names);
  if (!copied.ok) return agents("bad-spec", copied.message);
  context.note(`$ ${check.command}`);
  return DONE;
}

type Measured =
  | { readonly ok: true; readonly process: MeasuredProcess }
  | { readonly ok: false; readonly end: StepEnd & { readonly ok: false } };

async function measure(
  planned: PlannedProcess,
  number: number,
  bench: BenchWork,
  { check }: MeasureWork,
  context: JobContext,
): Promise<Measured> {
  const { arm, pair } = planned;
  const folder = join(context.folder.results, String(number));
  await mkdir(folder);
  context.useArm(arm);
  context.note(pair === 0 ? `warm-up of the ${arm}` : `pair ${pair}: ${arm}`);
  const watch = await watchMachine(context.job.devices?.gpus[0] ?? null);
  const startedMs = performance.now();
  let end: ProcessEnd;
  try {
    const change = { drop: null, set: { KILN_RESULTS: folder, KILN_ARM: arm } };
    end = await context.command(
      { ...shellCommand(check.command, context.folder.temporary), cwd: context.folder.test },
      change,
    );
  } finally {
    context.useArm("candidate");
  }
  const durationMs = Math.round(performance.now() - startedMs);
  const stamp = await watch.end();
  const process = { arm, pair, exitCode: end.exitCode, durationMs, stamp, disturbed: "" };
  if (end.exitCode !== 0) {
    const verdict = failed(context, "run-bench", end);
    if (!verdict.ok) return { ok: false, end: arm === "candidate" ? verdict : ofBaseline(verdict) };
  }
  if (pair === 0) return { ok: true, process: { ...process, files: [] } };
  const stored = await storeResults(folder, `pair-${pair}-${arm}`, bench, context);
  return stored.ok ? { ok: true, process: { ...process, files: [...stored.files] } } : stored;
}

/** That an old release does not run the benchmark says nothing against the candidate, and is no comparison either. */
function ofBaseline(end: StepEnd & { readonly ok: false }): StepEnd & { readonly ok: false } {
  const summary = `with the baseline, ${end.verdict.summary}: compare with a release that has this benchmark, or with none`;
  return { ...end, verdict: { outcome: "bad-spec", summary }, isAgents: true };
}

async function storeResults(
  folder: string,
  prefix: string,
  { results }: BenchWork,
  context: JobContext,
): Promise<
  | { readonly ok: true; readonly files: readonly string[] }
  | { readonly ok: false; readonly end: StepEnd & { readonly ok: false } }
> {
  const no = (end: StepEnd) => {
    if (end.ok) throw new Error("a refusal is no success");
    return { ok: false, end } as const;
  };
  const pattern = globPattern(results);
  const names = (await readdir(folder)).filter((name) => pattern.test(name)).toSorted();
  if (names.length === 0) {
    return no(agents("tests-failed", `the benchmark wrote no file ${results} into KILN_RESULTS`));
  }
  if (names.length > FILES_MAX) {
    return no(
      agents("tests-failed", `the benchmark wrote ${names.length} files ${results}; at most ${FILES_MAX} are read`),
    );
  }
  const files: string[] = [];
  for (const name of names) {
    const path = join(folder, name);
    const size = await sizeOf(path, context.folder.results);
    if (size === null) return no(agents("tests-failed", `${name} in KILN_RESULTS is no ordinary file`));
    if (size > FILE_BYTES_MAX) {
      return no(agents("tests-failed", `${name} has ${size} bytes; results may have ${FILE_BYTES_MAX}`));
    }
    const filename = `${prefix}-${name}`.replaceAll(/[^\w.+-]/g, "_").slice(-200);
    const stored = await context.blobs.store(await context.withoutSecrets(path), filename, context.signal);
    if (!stored.ok) return no(agents("infrastructure", `${name} could not be stored: ${stored.message}`));
    context.artifact("benchmark", stored.blob);
    files.push(filename);
  }
  return { ok: true, files };
}

async function sizeOf(path: string, within: string): Promise<number | null> {
  const file = await openOwnFile(path, within).catch(() => null);
  if (!file) return null;
  try {
    return (await file.stat()).size;
  } finally {
    await file.close();
  }
}

/** `*` stands for any characters of a name. */
function globPattern(glob: string): RegExp {
  const escaped = glob.split("*").map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${escaped.join(".*")}$`);
}
