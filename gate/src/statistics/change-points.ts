import { hodgesLehmannShift } from "./hodges-lehmann.ts";
import { median } from "./order.ts";

/** The search is quadratic in the points. */
export const SERIES_POINTS_MAX = 2_000;

/** A level holds for at least this many points: one or two strange ones are outliers, not a step. */
export const SEGMENT_POINTS_MIN = 5;

export interface ChangePoint {
  /** 0-based index of the first point of the new level. */
  readonly index: number;
  readonly medianBefore: number;
  readonly medianAfter: number;
  /** Hodges–Lehmann shift from the level before to the level after, in the unit of the series. */
  readonly shift: number;
}

/**
 * What another step must save, in mean absolute deviations of the noise:
 * PENALTY_PER_LN × ln(points) + PENALTY. Set by simulation, so that at 20 to
 * 300 points of normal noise at most 1 % of the series get a false step
 * (change-points.test.ts measures it).
 */
const PENALTY_PER_LN = 2;
const PENALTY = 4;

/**
 * The steps of a series of results over releases, in order. The partition into
 * levels is the one that minimises the sum of absolute deviations from each
 * level's median plus a penalty per step: absolute, not squared, so that no
 * single value can pay for a step of its own; exact by dynamic programming
 * (Jackson et al. 2005, optimal partitioning). The noise is measured on
 * differences of neighbours, which steps hardly touch.
 *
 * O(n²) medians, each O(n) at worst; 300 points take about 10 ms. Fewer than
 * 2 × `SEGMENT_POINTS_MIN` points, and a constant series, have no step. More
 * than `SERIES_POINTS_MAX`, or a value that is not finite, throws a RangeError.
 */
export function changePoints(series: readonly number[]): readonly ChangePoint[] {
  const n = series.length;
  if (n > SERIES_POINTS_MAX) throw new RangeError(`a series of ${n} points; at most ${SERIES_POINTS_MAX} are taken`);
  if (series.some((value) => !Number.isFinite(value))) throw new RangeError("a series with a value that is not finite");
  if (n < 2 * SEGMENT_POINTS_MIN) return [];
  const noise = noiseOf(series);
  if (noise === 0) return [];
  const starts = levelStarts(series, noise * (PENALTY_PER_LN * Math.log(n) + PENALTY));
  return starts.slice(1).map((index, i) => {
    const before = series.slice(starts[i] ?? 0, index);
    const after = series.slice(index, starts[i + 2] ?? n);
    return {
      index,
      medianBefore: median(before),
      medianAfter: median(after),
      shift: hodgesLehmannShift(before, after),
    };
  });
}

/** Mean absolute deviation of the noise; zero for a constant series only. */
function noiseOf(series: readonly number[]): number {
  const jumps = series.slice(1).map((value, i) => Math.abs(value - (series[i] ?? 0)));
  // A difference of two normals has √2 times their deviation; the median size of one is 0.6745 deviations, its mean 0.7979.
  const typical = ((median(jumps) / 0.6744897501960817) * 0.7978845608028654) / Math.SQRT2;
  if (typical > 0) return typical;
  // Most neighbours are equal (a counter): then the few jumps are spread over the series.
  return jumps.reduce((sum, jump) => sum + jump, 0) / jumps.length / Math.SQRT2;
}

/** Optimal partitioning: first indexes of the levels, ascending, with 0. */
function levelStarts(series: readonly number[], penalty: number): readonly number[] {
  const n = series.length;
  const best = new Float64Array(n + 1).fill(Infinity);
  best[0] = -penalty;
  const cameFrom = new Int32Array(n + 1);
  // Forward: every start is final once all earlier starts were extended.
  for (let start = 0; start + SEGMENT_POINTS_MIN <= n; start += 1) {
    const until = best[start] ?? Infinity;
    if (until === Infinity) continue;
    const level = new AbsoluteDeviation();
    for (let end = start + 1; end <= n; end += 1) {
      level.add(series[end - 1] ?? 0);
      if (end - start < SEGMENT_POINTS_MIN) continue;
      const total = until + penalty + level.sum();
      if (total < (best[end] ?? Infinity)) {
        best[end] = total;
        cameFrom[end] = start;
      }
    }
  }
  const starts: number[] = [];
  for (let end = n; end > 0; end = cameFrom[end] ?? 0) starts.push(cameFrom[end] ?? 0);
  return starts.reverse();
}

/** The sum of absolute deviations from the median of a growing sample. */
class AbsoluteDeviation {
  /** Ascending. */
  readonly #sorted: number[] = [];
  #low = 0;
  #high = 0;

  add(value: number): void {
    const sorted = this.#sorted;
    let [low, high] = [0, sorted.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((sorted[middle] ?? 0) < value) low = middle + 1;
      else high = middle;
    }
    // The lower half holds floor(n / 2) values.
    const half = sorted.length >> 1;
    sorted.splice(low, 0, value);
    if (low < half) this.#low += value;
    else this.#high += value;
    const lowCount = low < half ? half + 1 : half;
    const wanted = sorted.length >> 1;
    // The value in the middle changes sides.
    const crossing = sorted[Math.min(lowCount, wanted)] ?? 0;
    if (lowCount > wanted) {
      this.#low -= crossing;
      this.#high += crossing;
    } else if (lowCount < wanted) {
      this.#low += crossing;
      this.#high -= crossing;
    }
  }

  sum(): number {
    const sorted = this.#sorted;
    const middle = sorted.length % 2 === 1 ? (sorted[sorted.length >> 1] ?? 0) : 0;
    return Math.max(0, this.#high - middle - this.#low);
  }
}
