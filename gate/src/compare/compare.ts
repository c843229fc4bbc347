import type { Direction, Unit } from "../benchmarks/measurement.ts";
import { benjaminiHochberg } from "../statistics/benjamini-hochberg.ts";
import type { IdenticalRunsSummary } from "../statistics/identical-runs.ts";
import { median } from "../statistics/order.ts";
import type { BaselineFile } from "./baseline-file.ts";
import { contamination, type BoundBy } from "./contamination.ts";
import type { MeasuredPair } from "./pair.ts";
import type { ComparePolicy } from "./policy.ts";
import { confirm, screen, worseBy, type FirstLook, type SecondLook } from "./two-stage.ts";

/** Why there is nothing to compare with. */
export interface BaselineAbsence {
  readonly reason: string;
  /** Whether a first release lacks it for that reason; where a version or commit was named, it does not. */
  readonly mayBeFirst: boolean;
}

/** One benchmark of one cell: the candidate against the baseline in one lease. */
export interface Comparison {
  /** `fib{n=20}:time`. */
  readonly benchmark: string;
  readonly cell: string;
  readonly unit: Unit;
  readonly better: Direction;
  readonly boundBy: BoundBy;
  /** What the candidate was compared with, `1.4.2`; null when there is none. */
  readonly baseline: string | null;
  /** Absent without one, and where it is not known. */
  readonly baselineFile?: BaselineFile;
  /** Of one without a baseline; absent where nothing is known. */
  readonly absence?: BaselineAbsence;
  /** In the order in which they ran, contaminated ones among them; warm-ups are not. */
  readonly screened: readonly MeasuredPair[];
  /** Null until it was asked for. */
  readonly confirmed: readonly MeasuredPair[] | null;
  /** Of this benchmark in this cell; undefined without history. */
  readonly identical: IdenticalRunsSummary | undefined;
}

/** How much slower, larger or lower, in the reader's terms. */
export interface Effect {
  /** Medians of the process values, in the benchmark's unit. */
  readonly baseline: number;
  readonly candidate: number;
  /** Candidate over baseline as estimated by pairs, and its bounds (lower at the look's alpha, upper at the screening one, or the other way round when higher is better). */
  readonly ratio: { readonly estimate: number; readonly low: number; readonly high: number };
  readonly pairs: number;
  /** One-sided p-value of "not worse". */
  readonly pValue: number;
}

export type ComparisonOutcome =
  | { readonly kind: "unchanged" | "improved"; readonly effect: Effect }
  /** `discoveryRate`: adjusted for all confirmations of the run (Benjamini–Hochberg). */
  | { readonly kind: "regressed"; readonly effect: Effect; readonly discoveryRate: number }
  /** The first look does not decide and the second was not measured. */
  | { readonly kind: "needs-confirmation"; readonly why: "flagged" | "too-wide"; readonly effect: Effect }
  /** `seenMin`: the smallest change for the worse, 0.07 for 7 %, that would have been seen; null when nothing would. */
  | {
      readonly kind: "cannot-tell";
      readonly reason: string;
      readonly effect: Effect | null;
      readonly seenMin: number | null;
    }
  /** The pairs were measured under conditions that make them no evidence. */
  | { readonly kind: "invalid"; readonly reason: string }
  | ({ readonly kind: "no-baseline" } & Partial<BaselineAbsence>);

export interface Judged {
  readonly comparison: Comparison;
  readonly outcome: ComparisonOutcome;
}

/** Judges all benchmarks of a run together: the more are confirmed, the more of them may be chance. O(total pairs²). */
export function compareAll(comparisons: readonly Comparison[], policy: ComparePolicy): readonly Judged[] {
  const judged = comparisons.map((comparison) => ({ comparison, outcome: compareOne(comparison, policy) }));
  // The family: every benchmark that had a second look, whatever it said. Its pairs are fresh, so that having been flagged is no bias.
  const family = judged.flatMap(({ comparison, outcome }, index) =>
    comparison.confirmed && "effect" in outcome && outcome.effect ? [{ index, p: outcome.effect.pValue }] : [],
  );
  const rates = benjaminiHochberg(family.map(({ p }) => p));
  const rateOf = new Map(family.map(({ index }, i) => [index, rates[i] ?? 1]));
  return judged.map(({ comparison, outcome }, index) => ({
    comparison,
    outcome: withRate(outcome, rateOf.get(index), policy),
  }));
}

function withRate(outcome: ComparisonOutcome, rate: number | undefined, policy: ComparePolicy): ComparisonOutcome {
  if (outcome.kind !== "regressed" || rate === undefined) return outcome;
  if (rate <= policy.falseDiscoveryMax) return { ...outcome, discoveryRate: rate };
  const reason = `worse, but among the run's benchmarks ${percent(rate)} of such findings are chance`;
  return { kind: "cannot-tell", reason, effect: outcome.effect, seenMin: null };
}

/** One benchmark by itself; its `discoveryRate` is its p-value. */
function compareOne(comparison: Comparison, policy: ComparePolicy): ComparisonOutcome {
  if (comparison.baseline === null) return { kind: "no-baseline", ...comparison.absence };
  const first = stage(comparison, comparison.screened, policy.screenPairs, policy);
  if ("kind" in first) return first;
  const look = screen(first.differences, policy);
  if (look.says !== "confirm") return outcomeOf(look, first.pairs, comparison, policy);
  if (!comparison.confirmed) {
    return { kind: "needs-confirmation", why: look.why, effect: effectOf(look, first.pairs, comparison) };
  }
  const second = stage(comparison, comparison.confirmed, policy.confirmPairs, policy);
  if ("kind" in second) return second;
  return outcomeOf(confirm(second.differences, comparison.identical, policy), second.pairs, comparison, policy);
}

interface Stage {
  readonly pairs: readonly MeasuredPair[];
  readonly differences: readonly number[];
}

/** ln of how much worse the candidate is, of each clean pair of both looks, in the order in which they ran. */
export function pairDifferences(comparison: Comparison, policy: ComparePolicy): readonly number[] {
  const { screened, confirmed, better, boundBy } = comparison;
  return [...screened, ...(confirmed ?? [])].flatMap((pair) => {
    const worse = worseBy(pair.baseline.value, pair.candidate.value, better);
    return contamination(pair, boundBy, policy) === undefined && Number.isFinite(worse) ? [worse] : [];
  });
}

/** The first `wanted` clean pairs, never more: looking until it fits is how false alarms are made. */
function stage(
  comparison: Comparison,
  measured: readonly MeasuredPair[],
  wanted: number,
  policy: ComparePolicy,
): Stage | ComparisonOutcome {
  const clean: MeasuredPair[] = [];
  const discarded: string[] = [];
  for (const pair of measured) {
    if (clean.length === wanted) break;
    const why = contamination(pair, comparison.boundBy, policy);
    if (why === undefined) clean.push(pair);
    else discarded.push(why);
  }
  if (discarded.length > policy.retriesMax || (clean.length < wanted && discarded.length > 0)) {
    const reason = `${discarded.length} of ${clean.length + discarded.length} pairs were contaminated: ${[...new Set(discarded)].slice(0, 3).join("; ")}`;
    return { kind: "invalid", reason };
  }
  if (clean.length < wanted) {
    return {
      kind: "cannot-tell",
      reason: `${clean.length} of ${wanted} pairs were measured`,
      effect: null,
      seenMin: null,
    };
  }
  const baselineFirst = clean.filter(({ first }) => first === "baseline").length;
  // Half of them in ABBA; discarded pairs may move it a little.
  if (3 * Math.min(baselineFirst, wanted - baselineFirst) < wanted) {
    return {
      kind: "invalid",
      reason: `the baseline ran first in ${baselineFirst} of ${wanted} pairs: a steady drift would look like a change`,
    };
  }
  const odd = clean
    .flatMap(({ baseline, candidate }) => [baseline.value, candidate.value])
    .find((value) => !(value > 0 && value < Infinity));
  if (odd !== undefined)
    return {
      kind: "invalid",
      reason: `a process measured ${odd} ${comparison.unit}: only values above zero have a ratio`,
    };
  return {
    pairs: clean,
    differences: clean.map(({ baseline, candidate }) => worseBy(baseline.value, candidate.value, comparison.better)),
  };
}

function outcomeOf(
  look: SecondLook,
  pairs: readonly MeasuredPair[],
  comparison: Comparison,
  policy: ComparePolicy,
): ComparisonOutcome {
  const effect = effectOf(look, pairs, comparison);
  switch (look.says) {
    case "unchanged":
    case "improved":
      return { kind: look.says, effect };
    case "regressed":
      return { kind: "regressed", effect, discoveryRate: effect.pValue };
    case "cannot-tell": {
      const seenMin = Number.isFinite(look.seenMin) ? Math.expm1(look.seenMin) : null;
      const seen =
        seenMin === null
          ? "no change would have been seen"
          : `a change below ${percent(seenMin)} would not have been seen`;
      const reason = `up to ${percent(Math.expm1(look.change.upper))} worse is possible, and more than ${percent(policy.worseMax)} is not allowed; ${seen}`;
      return { kind: "cannot-tell", reason, effect, seenMin };
    }
  }
}

function effectOf({ change }: FirstLook | SecondLook, pairs: readonly MeasuredPair[], { better }: Comparison): Effect {
  const ratio = (worse: number): number => Math.exp(better === "lower" ? worse : -worse);
  const [one, other] = [ratio(change.lower), ratio(change.upper)];
  return {
    baseline: median(pairs.map(({ baseline }) => baseline.value)),
    candidate: median(pairs.map(({ candidate }) => candidate.value)),
    ratio: { estimate: ratio(change.estimate), low: Math.min(one, other), high: Math.max(one, other) },
    pairs: change.pairs,
    pValue: change.pValue,
  };
}

/** `+4.8 %` is for signed changes; this is `4.8 %`. */
function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
