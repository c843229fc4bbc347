/** A copy in ascending order. The values are finite; an empty or a non-finite sample is a broken invariant. */
export function ascending(values: readonly number[] | Float64Array): Float64Array {
  if (values.length === 0) throw new RangeError("statistics of an empty sample");
  const sorted = Float64Array.from(values);
  for (const value of sorted) {
    if (!Number.isFinite(value)) throw new RangeError(`statistics of a sample that holds ${value}`);
  }
  return sorted.sort();
}

/** The middle of a sorted sample; between its two middles when the count is even. */
export function medianOfSorted(sorted: Float64Array): number {
  const middle = sorted.length >> 1;
  const high = sorted[middle] ?? Number.NaN;
  // Halved first: the sum of two large values must not overflow.
  return sorted.length % 2 === 1 ? high : (sorted[middle - 1] ?? Number.NaN) / 2 + high / 2;
}

/** O(n log n). Throws a RangeError on an empty or non-finite sample. */
export function median(values: readonly number[] | Float64Array): number {
  return medianOfSorted(ascending(values));
}

/** Of a normal distribution, median absolute deviation times this is the standard deviation: 1 / Φ⁻¹(3/4). */
const NORMAL_CONSISTENCY = 1.4826022185056018;

/**
 * A standard deviation that one wild value does not move: the median absolute
 * deviation from the median, scaled to agree with it for normal samples.
 */
export function robustDeviation(values: readonly number[]): number {
  const centre = median(values);
  return NORMAL_CONSISTENCY * median(values.map((value) => Math.abs(value - centre)));
}
