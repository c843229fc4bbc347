import { ascending, medianOfSorted } from "./order.ts";

/** Pairwise averages grow with the square: 200 values have 20,100. */
export const SAMPLES_MAX = 200;

/** At most this many pairwise differences between two samples. */
const DIFFERENCES_MAX = 4_000_000;

/**
 * All averages of two values, each value with itself too, ascending: n(n+1)/2
 * of them. They carry the point estimate and every exact signed-rank bound.
 * O(n² log n) time, O(n²) memory. (Walsh 1949; Hollander, Wolfe & Chicken,
 * Nonparametric Statistical Methods, 3rd ed., 3.2 and 3.3.)
 */
export function walshAverages(values: readonly number[]): Float64Array {
  const n = values.length;
  if (n > SAMPLES_MAX) throw new RangeError(`${n} samples; pairwise averages are taken of at most ${SAMPLES_MAX}`);
  const sorted = ascending(values);
  const averages = new Float64Array((n * (n + 1)) / 2);
  let next = 0;
  for (let i = 0; i < n; i += 1) {
    const first = (sorted[i] ?? 0) / 2;
    for (let j = i; j < n; j += 1) averages[next++] = first + (sorted[j] ?? 0) / 2;
  }
  return averages.sort();
}

/** The centre of a symmetric sample: the median of its pairwise averages (Hodges & Lehmann 1963). In the unit of the values. */
export function hodgesLehmann(values: readonly number[]): number {
  return medianOfSorted(walshAverages(values));
}

/**
 * By how much `second` lies above `first`: the median of all differences
 * (Hodges & Lehmann 1963). O(nm log nm); n × m is at most four million.
 */
export function hodgesLehmannShift(first: readonly number[], second: readonly number[]): number {
  const count = first.length * second.length;
  if (count > DIFFERENCES_MAX) {
    throw new RangeError(`${first.length} × ${second.length} differences; at most ${DIFFERENCES_MAX} are taken`);
  }
  const differences = new Float64Array(count);
  let next = 0;
  for (const from of first) for (const to of second) differences[next++] = to - from;
  return medianOfSorted(ascending(differences));
}
