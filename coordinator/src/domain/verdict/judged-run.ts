import {
  pairDifferences,
  type ArtifactFact,
  type BaselineFile,
  type CandidateFact,
  type ComparePolicy,
  type Evidence,
  type GatePolicy,
  type GateResult,
  type Judged,
  type Waiver,
} from "@kiln/gate";

/** A benchmark against the baseline, without its samples. */
export interface ComparedBenchmark {
  readonly benchmark: string;
  readonly cell: string;
  /** What of its cell metrics tell; absent where the cell has none, and in verdicts of before they were kept. */
  readonly axes?: Partial<Readonly<Record<"gpu" | "torch" | "cuda", string>>>;
  /** The class of machines that measured it; absent in verdicts of before it was kept. */
  readonly machine?: string;
  readonly unit: string;
  readonly better: "lower" | "higher";
  /** The version that it was compared with. */
  readonly baseline: string | null;
  /** The wheel that it was compared with; absent without one, and in verdicts of before it was kept. */
  readonly baselineFile?: BaselineFile;
  readonly outcome: Judged["outcome"]["kind"];
  /** In `unit`, and candidate over baseline with its bounds, null where they are unbounded; null where there is no estimate. */
  readonly effect: {
    readonly baseline: number;
    readonly candidate: number;
    readonly ratio: Readonly<Record<"estimate" | "low" | "high", number | null>>;
    readonly pairs: number;
  } | null;
  /** ln of how much worse, of each clean pair of both looks; bounded. */
  readonly differences: readonly number[];
  /** Why nothing can be told; empty where something is. */
  readonly reason: string;
}

/**
 * What was found out about a run once its jobs had ended, before anybody waived
 * anything: with the approvals and waivers of a moment it is a verdict. Bounded.
 */
export interface JudgedRun {
  readonly judgedAtMs: number;
  /** Null: it has no files, or no version that is known. */
  readonly candidate: CandidateFact | null;
  readonly files: readonly ArtifactFact[];
  readonly filesOmitted: number;
  /** What is asked about approvals: they come later. */
  readonly approval: NonNullable<GatePolicy["M01"]> | null;
  /** Of the spec. */
  readonly waivers: readonly Waiver[];
  readonly found: readonly GateResult[];
  readonly comparisons: readonly ComparedBenchmark[];
  readonly comparisonsOmitted: number;
}

const TEXT_MAX = 600;
export const FILES_MAX = 1_000;
export const COMPARISONS_MAX = 1_000;
/** More than both looks of the default policy together. */
const DIFFERENCES_MAX = 64;

/** A gate as it is stored: each text bounded, as the list of its evidence is already. */
export function boundedResult(result: GateResult): GateResult {
  return { ...result, reason: clipped(result.reason), evidence: result.evidence.map(boundedEvidence) };
}

function boundedEvidence(evidence: Evidence): Evidence {
  if (evidence.kind === "job") return { ...evidence, summary: clipped(evidence.summary) };
  // JSON has no infinity.
  if (evidence.kind === "measured" && !Number.isFinite(evidence.value)) {
    return { kind: "statement", text: clipped(evidence.text) };
  }
  return { ...evidence, text: clipped(evidence.text) };
}

function clipped(text: string): string {
  return text.length > TEXT_MAX ? `${text.slice(0, TEXT_MAX)}…` : text;
}

/** `axes` and `machine`: of its cell. */
export function comparedBenchmark(
  { comparison, outcome }: Judged,
  policy: ComparePolicy,
  { axes = {}, machine }: { readonly axes?: Readonly<Record<string, string>>; readonly machine?: string } = {},
): ComparedBenchmark {
  const { benchmark, cell, unit, better, baseline, baselineFile } = comparison;
  const told = (["gpu", "torch", "cuda"] as const).flatMap((axis) => {
    const value = axes[axis];
    return value === undefined ? [] : [[axis, value] as const];
  });
  const effect = "effect" in outcome ? outcome.effect : null;
  return {
    ...{ benchmark, cell, unit, better, baseline, outcome: outcome.kind },
    ...(baselineFile ? { baselineFile } : {}),
    ...(told.length > 0 ? { axes: Object.fromEntries(told) } : {}),
    ...(machine === undefined ? {} : { machine }),
    effect: effect && {
      baseline: effect.baseline,
      candidate: effect.candidate,
      ratio: {
        estimate: finite(effect.ratio.estimate),
        low: finite(effect.ratio.low),
        high: finite(effect.ratio.high),
      },
      pairs: effect.pairs,
    },
    differences: pairDifferences(comparison, policy).slice(0, DIFFERENCES_MAX),
    reason: clipped(
      "reason" in outcome ? (outcome.reason ?? "") : "why" in outcome ? `not confirmed yet (${outcome.why})` : "",
    ),
  };
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
