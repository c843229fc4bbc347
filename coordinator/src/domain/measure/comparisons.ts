import {
  compareAll,
  type BaselineAbsence,
  type Comparison,
  type ComparePolicy,
  type Judged,
  type MeasuredFact,
} from "@kiln/gate";
import type { PlannedBench } from "@kiln/matrix";
import type { MeasureReport } from "@kiln/proto";
import type { IdenticalOf } from "./self-comparison.ts";
import { readPairs, type BenchmarkPairs, type Texts } from "./read-pairs.ts";
import type { MeasuredAttempt } from "./measured-attempts.ts";

/** One bench job of a run with all that its attempts measured. */
export interface MeasuredJob {
  /** Position in the plan. */
  readonly index: number;
  readonly job: PlannedBench;
  /** Oldest first: the first is the first look, the last one after it the confirmation. */
  readonly attempts: readonly (MeasuredAttempt & { readonly texts: Texts })[];
}

export interface RunComparisons {
  readonly judged: readonly Judged[];
  /** Medians of the candidate's processes, for absolute budgets. */
  readonly measured: readonly MeasuredFact[];
  /** Positions of jobs with a benchmark that a first look flagged or could not tell. */
  readonly toConfirm: readonly number[];
  /** In sentences: what was read with less than it should hold. */
  readonly notes: readonly string[];
}

/** What is known of machines, and of how their benchmarks vary when nothing has changed. */
export interface KnownMachines {
  /** As `machineClass` names it. */
  readonly machineOf: (job: MeasuredJob) => string;
  readonly identicalOf: IdenticalOf;
}

const NOTHING_KNOWN: KnownMachines = { machineOf: () => "", identicalOf: () => undefined };

/** Judges all benchmarks of a run together: the more are confirmed, the more of them may be chance. */
export function compareJobs(
  jobs: readonly MeasuredJob[],
  policy: ComparePolicy,
  known: KnownMachines = NOTHING_KNOWN,
): RunComparisons {
  const comparisons: { readonly index: number; readonly comparison: Comparison }[] = [];
  const unreadable: Judged[] = [];
  const measured: MeasuredFact[] = [];
  const notes: string[] = [];
  for (const measuredJob of jobs) {
    const { index, job } = measuredJob;
    const read = comparisonsOf(measuredJob, known);
    if (!read.ok) {
      unreadable.push(spoiled(job, `${job.name}: ${read.problem}`));
      continue;
    }
    comparisons.push(...read.comparisons.map((comparison) => ({ index, comparison })));
    measured.push(...read.measured);
    notes.push(...read.notes);
  }
  const judged = compareAll(
    comparisons.map(({ comparison }) => comparison),
    policy,
  );
  const toConfirm = comparisons.flatMap(({ index }, at) =>
    judged[at]?.outcome.kind === "needs-confirmation" ? [index] : [],
  );
  return { judged: [...judged, ...unreadable], measured, toConfirm: [...new Set(toConfirm)], notes };
}

type ComparisonsRead =
  | {
      readonly ok: true;
      readonly comparisons: readonly Comparison[];
      readonly measured: readonly MeasuredFact[];
      readonly notes: readonly string[];
    }
  | { readonly ok: false; readonly problem: string };

function comparisonsOf(measured: MeasuredJob, { machineOf, identicalOf }: KnownMachines): ComparisonsRead {
  const { job, attempts } = measured;
  const [first, ...later] = attempts;
  if (!first) return { ok: false, problem: "nothing was measured" };
  const look = readPairs(job, first.report.processes, first.texts);
  if (!look.ok) return look;
  const last = later.at(-1);
  const again = last ? readPairs(job, last.report.processes, last.texts) : null;
  if (again && !again.ok) return again;
  if (last && first.report.baselineFile?.sha256 !== last.report.baselineFile?.sha256) {
    return { ok: false, problem: "the second look was beside another baseline than the first" };
  }
  const confirmed = again && new Map(again.benchmarks.map((one) => [one.key, one]));
  const { cell, boundBy } = job;
  const machine = machineOf(measured);
  const comparisons = look.benchmarks.map((one): Comparison => ({
    benchmark: one.key,
    cell,
    ...{ unit: one.unit, better: one.better, boundBy },
    // A benchmark that the baseline does not have yet has no baseline.
    ...(one.baselineValues.length === 0
      ? { baseline: null, absence: absenceOf(job, first.report) }
      : { baseline: first.report.baseline, ...fileOf(first.report) }),
    screened: one.pairs,
    confirmed: confirmed ? (confirmed.get(one.key)?.pairs ?? []) : null,
    identical: identicalOf(one.key, cell, machine),
  }));
  return { ok: true, comparisons, measured: look.benchmarks.flatMap((one) => factOf(one, cell)), notes: look.notes };
}

function fileOf({ baselineFile }: MeasureReport): Pick<Comparison, "baselineFile"> {
  return baselineFile ? { baselineFile } : {};
}

/** Why a benchmark has nothing that it could be compared with. */
function absenceOf({ baseline: wanted, cell }: PlannedBench, report: MeasureReport): BaselineAbsence {
  const { baseline, noBaseline } = report;
  if (baseline !== null) return { reason: `the baseline, ${baseline}, does not have it`, mayBeFirst: false };
  const none = noBaseline ? `: ${noBaseline.reason}` : "";
  switch (wanted.kind) {
    case "none":
      return { reason: "the spec wants none", mayBeFirst: true };
    case "itself":
      return { reason: "the wheel that it was to be compared with itself is no longer stored", mayBeFirst: false };
    case "last-release":
      return { reason: `no lower version passed on this farm with a wheel for ${cell}`, mayBeFirst: true };
    case "index":
      return {
        reason: `no release of the package index${none}`,
        mayBeFirst: noBaseline?.unknownProject === true,
      };
    case "version":
      return { reason: `neither the farm nor the package index has ${wanted.version}${none}`, mayBeFirst: false };
    case "commit": {
      const what = `no run of this farm has a wheel of commit ${wanted.commit} for ${cell}`;
      return { reason: `${what}: check that commit out, ./kiln submit it, then retry this`, mayBeFirst: false };
    }
  }
}

function factOf({ key, unit, values }: BenchmarkPairs, cell: string): MeasuredFact[] {
  const sorted = values.toSorted((a, b) => a - b);
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
  if (low === undefined || high === undefined) return [];
  return [{ what: key, cell, value: (low + high) / 2, unit }];
}

/** Results that cannot be read are no evidence, and never a pass. */
function spoiled({ cell, boundBy }: PlannedBench, reason: string): Judged {
  const comparison: Comparison = {
    ...{ benchmark: "all benchmarks", cell, unit: "1", better: "lower", boundBy },
    ...{ baseline: null, screened: [], confirmed: null, identical: undefined },
  };
  return { comparison, outcome: { kind: "invalid", reason } };
}
