/** Whole numbers from 0 to below `bound` (1 to 2^31), the same ones for the same seed. */
export type Random = (bound: number) => number;

/**
 * A small generator with a seed: xorshift32, Marsaglia, "Xorshift RNGs" (2003).
 * Good enough to break ties and to choose moves; nothing depends on its quality.
 */
export function seededRandom(seed: number): Random {
  let state = seed | 0 || 0x9e3779b9;
  return (bound) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    // The high bits of the product: a modulo would be slower and favour small numbers.
    return Math.floor(((state >>> 0) / 0x1_0000_0000) * bound);
  };
}
