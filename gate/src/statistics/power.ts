import { SAMPLES_MAX } from "./hodges-lehmann.ts";
import { normal, type Random } from "./random.ts";
import { signedRankBounds } from "./signed-rank.ts";

export interface PowerQuestion {
  /** One-sided: 0.01. */
  readonly alpha: number;
  /** Probability to find it: 0.8. */
  readonly power: number;
  /** How often it is tried: 2,000 give about ±0.01 of power. At most 20,000. */
  readonly simulations: number;
  readonly random: Random;
}

const SIMULATIONS_MAX = 20_000;

/**
 * The smallest mean difference that the exact lower bound of `pairs` normal
 * differences puts above zero with the asked power, in standard deviations of
 * one difference. Infinity when so few pairs have no bound at this alpha.
 *
 * Shifting a sample shifts its bound, so that each simulated sample tells the
 * one effect from which it would have been found; the answer is a quantile of
 * these. O(simulations × pairs² log pairs).
 */
export function detectableEffect(pairs: number, { alpha, power, simulations, random }: PowerQuestion): number {
  if (!(simulations >= 1 && simulations <= SIMULATIONS_MAX)) {
    throw new RangeError(`${simulations} simulations; 1 to ${SIMULATIONS_MAX} are run`);
  }
  if (!(power > 0 && power < 1)) throw new RangeError(`power is ${power}, not between 0 and 1`);
  const needed = new Float64Array(simulations);
  for (let i = 0; i < simulations; i += 1) {
    const sample = Array.from({ length: pairs }, () => normal(random));
    needed[i] = -signedRankBounds(sample, alpha).lower;
  }
  return needed.sort()[Math.min(simulations - 1, Math.ceil(power * simulations) - 1)] ?? Infinity;
}

/**
 * The fewest pairs that find `effect` (in the unit of `deviation`, the standard
 * deviation of one pair's difference); undefined when `pairsMax` (at most 200)
 * are not enough. A search by halves: log2(pairsMax) simulations.
 */
export function requiredPairs(
  { effect, deviation, pairsMax }: { effect: number; deviation: number; pairsMax: number },
  question: PowerQuestion,
): number | undefined {
  if (!(effect > 0 && deviation >= 0)) throw new RangeError(`effect ${effect} at deviation ${deviation}`);
  const enough = (pairs: number): boolean => {
    // Without scatter any effect is seen as soon as there is a bound, and Infinity × 0 is no number.
    const detectable = detectableEffect(pairs, question);
    return Number.isFinite(detectable) && detectable * deviation < effect;
  };
  let [low, high] = [1, Math.min(pairsMax, SAMPLES_MAX)];
  if (!enough(high)) return undefined;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (enough(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
