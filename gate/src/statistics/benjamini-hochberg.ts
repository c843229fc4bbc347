/**
 * False-discovery-adjusted p-values, in the order given: rejecting all below q
 * keeps the expected share of false ones among them at q or less
 * (Benjamini & Hochberg 1995, for independent or positively dependent tests).
 * O(m log m). A value outside 0 … 1 throws a RangeError.
 */
export function benjaminiHochberg(pValues: readonly number[]): readonly number[] {
  for (const p of pValues) if (!(p >= 0 && p <= 1)) throw new RangeError(`a p-value of ${p}`);
  const descending = pValues.map((p, index) => ({ p, index })).toSorted((a, b) => b.p - a.p);
  const adjusted = Array.from(pValues, () => 1);
  let least = 1;
  for (const [fromTop, { p, index }] of descending.entries()) {
    least = Math.min(least, (p * pValues.length) / (pValues.length - fromTop));
    adjusted[index] = least;
  }
  return adjusted;
}
