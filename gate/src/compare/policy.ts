import { signedRankCritical } from "../statistics/signed-rank.ts";

/**
 * When a benchmark is flagged, fails, or passes. Changes are relative: 0.05 is
 * 5 % worse. The defaults are the method's, kept by simulation (two-stage.test.ts).
 */
export interface ComparePolicy {
  /** Pairs of processes in the first look, and in the fresh one that confirms. */
  readonly screenPairs: number;
  readonly confirmPairs: number;
  /** One-sided error of each look's lower bound. */
  readonly screenAlpha: number;
  readonly confirmAlpha: number;
  /** Smaller estimated changes are neither flagged nor confirmed. */
  readonly screenChangeMin: number;
  readonly confirmChangeMin: number;
  /** Nor are those below this many deviations of a release against itself. */
  readonly identicalDeviations: number;
  /** Unchanged means: with `screenAlpha` of error not worse by this much. */
  readonly worseMax: number;
  /** Expected share of false ones among the regressions of one run. */
  readonly falseDiscoveryMax: number;
  /** The GPU runs at least at this share of its default clock. */
  readonly clockShareMin: number;
  /** Of other processes on a host whose CPU is measured, in cores. */
  readonly foreignCpuMax: number;
  /** Pairs that may be discarded and measured again. */
  readonly retriesMax: number;
}

export const COMPARE_POLICY: ComparePolicy = {
  screenPairs: 6,
  confirmPairs: 10,
  screenAlpha: 0.05,
  confirmAlpha: 0.01,
  screenChangeMin: 0.015,
  confirmChangeMin: 0.02,
  identicalDeviations: 3,
  worseMax: 0.05,
  falseDiscoveryMax: 0.05,
  clockShareMin: 0.75,
  foreignCpuMax: 0.25,
  retriesMax: 3,
};

/** What makes a policy one that could never fail a candidate, or never pass one; empty when it is sound. */
export function comparePolicyProblems(policy: ComparePolicy): readonly string[] {
  const { screenPairs, screenAlpha, confirmPairs, confirmAlpha, worseMax, screenChangeMin, confirmChangeMin } = policy;
  const problems: string[] = [];
  for (const [name, pairs, alpha] of [
    ["screen", screenPairs, screenAlpha],
    ["confirm", confirmPairs, confirmAlpha],
  ] as const) {
    if (signedRankCritical(alpha, pairs) !== undefined) continue;
    // The least likely outcome, all signs equal, has 2^-pairs.
    const needed = Math.ceil(-Math.log2(alpha));
    problems.push(
      `${name}: ${pairs} pairs have no lower bound at an error of ${alpha}, so that nothing is ever found; at least ${needed} are needed`,
    );
  }
  const largest = Math.max(screenChangeMin, confirmChangeMin);
  if (worseMax <= largest) {
    problems.push(
      `worseMax: ${worseMax} is not above ${largest}, the smallest change that counts: what is neither would always be undecided`,
    );
  }
  return problems;
}
