import { compareAll, type Comparison, type ComparisonOutcome } from "./compare.ts";
import type { MeasuredPair } from "./pair.ts";
import type { ComparePolicy } from "./policy.ts";

export interface SelfTest {
  /** Whether the gate would have stopped, or flagged for confirmation, the candidate had it been so much slower. */
  readonly caught: boolean;
  readonly outcome: ComparisonOutcome;
}

/**
 * Judges the very pairs of a comparison again with the candidate made worse by
 * `slowdown` (0.1: 10 % more time, or the rate divided by 1.1): a gate that
 * does not fire then could not have fired on this machine. Slowdown above zero.
 */
export function selfTest(comparison: Comparison, slowdown: number, policy: ComparePolicy): SelfTest {
  if (!(slowdown > 0)) throw new RangeError(`a slowdown of ${slowdown} is none`);
  const factor = comparison.better === "lower" ? 1 + slowdown : 1 / (1 + slowdown);
  const slower = (pairs: readonly MeasuredPair[]): readonly MeasuredPair[] =>
    pairs.map((pair) => ({ ...pair, candidate: { ...pair.candidate, value: pair.candidate.value * factor } }));
  const worse = {
    ...comparison,
    screened: slower(comparison.screened),
    confirmed: comparison.confirmed && slower(comparison.confirmed),
  };
  const outcome = compareAll([worse], policy)[0]?.outcome ?? { kind: "no-baseline" };
  const caught = outcome.kind === "regressed" || (outcome.kind === "needs-confirmation" && outcome.why === "flagged");
  return { caught, outcome };
}
