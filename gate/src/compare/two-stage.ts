import type { Direction } from "../benchmarks/measurement.ts";
import type { IdenticalRunsSummary } from "../statistics/identical-runs.ts";
import { signedRankBounds, signedRankTest } from "../statistics/signed-rank.ts";
import type { ComparePolicy } from "./policy.ts";

/** How much worse the candidate is: ln of the ratio, above zero is worse whichever direction is better. */
export interface Change {
  readonly estimate: number;
  /** At the look's alpha: with less error than that the change is larger. */
  readonly lower: number;
  /** At the screening alpha: with less error than that the change is smaller. */
  readonly upper: number;
  /** One-sided, of "not worse". */
  readonly pValue: number;
  readonly pairs: number;
}

/** What the first look may say; `confirm`: it does not decide, measure the confirming pairs. */
export type FirstLook =
  | { readonly says: "unchanged" | "improved"; readonly change: Change }
  | { readonly says: "confirm"; readonly why: "flagged" | "too-wide"; readonly change: Change };

/** What the second may say; `seenMin` is the smallest change (ln) that these pairs would have called one. */
export type SecondLook =
  | { readonly says: "unchanged" | "improved" | "regressed"; readonly change: Change }
  | { readonly says: "cannot-tell"; readonly change: Change; readonly seenMin: number };

/** ln of how much worse: a longer time, or a lower rate. Values are above zero. */
export function worseBy(baseline: number, candidate: number, better: Direction): number {
  return better === "lower" ? Math.log(candidate / baseline) : Math.log(baseline / candidate);
}

/**
 * The first look at `screenPairs` differences (as `worseBy` gives them).
 * Flagged: the lower bound is above zero and the estimate above the threshold.
 * Not flagged and not worse by `worseMax`: unchanged, or improved when as
 * clearly better. Anything else is too wide and gets the second look too.
 */
export function screen(differences: readonly number[], policy: ComparePolicy): FirstLook {
  const change = changeOf(differences, policy.screenAlpha, policy);
  const threshold = Math.log1p(policy.screenChangeMin);
  if (change.lower > 0 && change.estimate > threshold) return { says: "confirm", why: "flagged", change };
  if (change.upper < 0 && change.estimate < -threshold) return { says: "improved", change };
  if (change.upper < Math.log1p(policy.worseMax)) return { says: "unchanged", change };
  return { says: "confirm", why: "too-wide", change };
}

/**
 * The second look, at fresh pairs only: what made the first one flag is not
 * counted again. `identical` is the cell's history of a release against itself.
 */
export function confirm(
  differences: readonly number[],
  identical: IdenticalRunsSummary | undefined,
  policy: ComparePolicy,
): SecondLook {
  const change = changeOf(differences, policy.confirmAlpha, policy);
  const threshold = Math.max(
    Math.log1p(policy.confirmChangeMin),
    policy.identicalDeviations * (identical?.deviation ?? 0),
  );
  if (change.lower > 0 && change.estimate > threshold) return { says: "regressed", change };
  if (change.upper < 0 && change.estimate < -threshold) return { says: "improved", change };
  if (change.upper < Math.log1p(policy.worseMax)) return { says: "unchanged", change };
  return { says: "cannot-tell", change, seenMin: Math.max(threshold, change.estimate - change.lower) };
}

function changeOf(differences: readonly number[], alpha: number, { screenAlpha }: ComparePolicy): Change {
  const { estimate, lower } = signedRankBounds(differences, alpha);
  const { upper } = signedRankBounds(differences, screenAlpha);
  return { estimate, lower, upper, pValue: signedRankTest(differences).pGreater, pairs: differences.length };
}
