import { SAMPLES_MAX, walshAverages } from "./hodges-lehmann.ts";
import { medianOfSorted } from "./order.ts";

/**
 * The exact null distribution of a sum of ranks where each rank counts with
 * probability one half: entry s is P(sum = s). Ranks are positive integers.
 * O(ranks × sum) time; all terms are positive, so that rounding stays within
 * some 1e-15 of each entry.
 */
function rankSumDistribution(ranks: readonly number[]): Float64Array {
  const total = ranks.reduce((sum, rank) => sum + rank, 0);
  const probability = new Float64Array(total + 1);
  probability[0] = 1;
  let reached = 0;
  for (const rank of ranks) {
    reached += rank;
    for (let s = reached; s >= 0; s -= 1) {
      const without = probability[s] ?? 0;
      const withRank = s >= rank ? (probability[s - rank] ?? 0) : 0;
      probability[s] = without / 2 + withRank / 2;
    }
  }
  return probability;
}

/** P(W ≤ w) under the null hypothesis, of `n` differences without ties or zeros. */
export function signedRankProbability(w: number, n: number): number {
  checkCount(n);
  if (w < 0) return 0;
  const ranks = Array.from({ length: n }, (_, index) => index + 1);
  return cumulative(rankSumDistribution(ranks), Math.floor(w));
}

/** The largest w with P(W ≤ w) ≤ alpha; undefined when even W = 0 is more likely than that. */
export function signedRankCritical(alpha: number, n: number): number | undefined {
  checkCount(n);
  if (!(alpha > 0 && alpha < 1)) throw new RangeError(`alpha is ${alpha}, not between 0 and 1`);
  const probability = rankSumDistribution(Array.from({ length: n }, (_, index) => index + 1));
  let below = 0;
  for (let w = 0; w < probability.length; w += 1) {
    below += probability[w] ?? 0;
    if (below > alpha) return w === 0 ? undefined : w - 1;
  }
  return probability.length - 1;
}

export interface SignedRankTest {
  /** Sum of the ranks of the positive differences; tied sizes share their mean rank. */
  readonly statistic: number;
  /** Differences that are not zero: zeros say nothing of a direction and are left out (Wilcoxon 1945). */
  readonly used: number;
  /** P(W ≥ statistic): small when the differences lie above zero. */
  readonly pGreater: number;
  readonly pLess: number;
  readonly pTwoSided: number;
}

/**
 * Wilcoxon's signed-rank test of "the differences lie around zero", exact at
 * every size, with ties too (the distribution over all signs given the tied
 * ranks). With no difference but zeros every p is 1. (Wilcoxon 1945;
 * Hollander, Wolfe & Chicken, 3.1.)
 */
export function signedRankTest(differences: readonly number[]): SignedRankTest {
  const nonzero = differences.filter((difference) => difference !== 0);
  if (nonzero.some((difference) => !Number.isFinite(difference))) {
    throw new RangeError("the signed-rank test takes finite differences");
  }
  checkCount(nonzero.length);
  if (nonzero.length === 0) return { statistic: 0, used: 0, pGreater: 1, pLess: 1, pTwoSided: 1 };
  const { doubledRanks, doubledStatistic } = rank(nonzero);
  const probability = rankSumDistribution(doubledRanks);
  const pLess = Math.min(1, cumulative(probability, doubledStatistic));
  // The distribution is symmetric about half its range.
  const pGreater = Math.min(1, cumulative(probability, probability.length - 1 - doubledStatistic));
  return {
    statistic: doubledStatistic / 2,
    used: nonzero.length,
    pGreater,
    pLess,
    pTwoSided: Math.min(1, 2 * Math.min(pLess, pGreater)),
  };
}

/** Mean ranks of tied sizes are halves at most: doubled, all are integers. */
function rank(nonzero: readonly number[]): { doubledRanks: number[]; doubledStatistic: number } {
  const bySize = nonzero.toSorted((a, b) => Math.abs(a) - Math.abs(b));
  const doubledRanks: number[] = [];
  let doubledStatistic = 0;
  for (let start = 0; start < bySize.length;) {
    const size = Math.abs(bySize[start] ?? 0);
    let end = start + 1;
    while (end < bySize.length && Math.abs(bySize[end] ?? 0) === size) end += 1;
    // Ranks start+1 … end, their mean doubled.
    const doubled = start + 1 + end;
    for (let i = start; i < end; i += 1) {
      doubledRanks.push(doubled);
      if ((bySize[i] ?? 0) > 0) doubledStatistic += doubled;
    }
    start = end;
  }
  return { doubledRanks, doubledStatistic };
}

export interface SignedRankBounds {
  /** The Hodges–Lehmann estimate. */
  readonly estimate: number;
  /** With probability ≥ 1 − alpha the centre is not below this; -Infinity when so few values cannot say. */
  readonly lower: number;
  /** With probability ≥ 1 − alpha the centre is not above this; Infinity when so few values cannot say. */
  readonly upper: number;
}

/**
 * Estimate and exact one-sided confidence bounds of the centre of `values`
 * (together they are a two-sided interval of 1 − 2 alpha): the test turned
 * round, so that `lower` is the (w+1)-th smallest pairwise average where w is
 * the critical value. Exact for continuous values; ties and zeros, which stay
 * in, only make it wider. Fewer than log2(1/alpha) values have no bound.
 * (Hollander, Wolfe & Chicken, 3.3.) O(n² log n), n ≤ 200.
 */
export function signedRankBounds(values: readonly number[], alpha: number): SignedRankBounds {
  const averages = walshAverages(values);
  const critical = signedRankCritical(alpha, values.length);
  return {
    estimate: medianOfSorted(averages),
    lower: critical === undefined ? -Infinity : (averages[critical] ?? -Infinity),
    upper: critical === undefined ? Infinity : (averages[averages.length - 1 - critical] ?? Infinity),
  };
}

function checkCount(n: number): void {
  if (!Number.isInteger(n) || n < 0 || n > SAMPLES_MAX) {
    throw new RangeError(`signed ranks of ${n} samples; 0 to ${SAMPLES_MAX} are taken`);
  }
}

function cumulative(probability: Float64Array, upTo: number): number {
  let sum = 0;
  for (let s = 0; s <= upTo && s < probability.length; s += 1) sum += probability[s] ?? 0;
  return Math.min(1, sum);
}
