import { compactRows, type CompactRows } from "./compact-rows.ts";
import { assertLevels, assertRow, type Row } from "./covering-problem.ts";
import { chooseRows, withoutNeedless } from "./choose-rows.ts";
import { exchangeRows } from "./exchange-rows.ts";
import { HeldTuples } from "./held-tuples.ts";

/** The most tuples of all candidates together: 100,000 candidates with 8 axes hold 2.8 million pairs and 5.6 million triples. */
export const HELD_TUPLES_MAX = 30_000_000;

/**
 * Chooses few of the candidates so that each combination of values of
 * `strength` axes that any candidate holds is in a chosen one. Gives indexes:
 * the seeds (indexes that are chosen in any case) first, each once, in their
 * order, then the others, ascending. The same input gives the same choice.
 * With fewer axes than the strength, combinations of all axes are meant.
 *
 * Throws a RangeError that says what is wrong: a candidate that does not fit
 * the levels, a seed that is no candidate, more than HELD_TUPLES_MAX.
 */
export function coverFrom(
  candidates: readonly Row[],
  levels: readonly number[],
  strength: 2 | 3,
  seeds: readonly number[] = [],
): readonly number[] {
  assertLevels(levels, strength);
  for (const [index, candidate] of candidates.entries()) assertRow(candidate, levels, "candidate", index);
  for (const seed of seeds) {
    if (candidates[seed] === undefined) {
      throw new RangeError(`seed ${seed} is not the index of one of the ${candidates.length} candidates`);
    }
  }
  const fixed = [...new Set(seeds)];
  const chosen = chooseFrom(compactRows(candidates, levels), strength, fixed);
  const others = new Set(chosen).difference(new Set(fixed));
  return [...fixed, ...[...others].toSorted((a, b) => a - b)];
}

function chooseFrom(compact: CompactRows, strength: 2 | 3, fixed: readonly number[]): readonly number[] {
  const axes = compact.levels.length;
  if (compact.count === 0) return [];
  // All candidates are alike.
  if (axes === 0) return fixed.length > 0 ? fixed : [0];
  const used = Math.min(strength, axes);
  const held = new HeldTuples(compact, used, HELD_TUPLES_MAX);
  const chosen = withoutNeedless(held, chooseRows(held, fixed), fixed.length);
  // No fewer can do.
  if (chosen.length <= Math.max(held.rowsMin, fixed.length)) return chosen;
  return exchangeRows(held, compact, used, chosen, fixed.length) ?? chosen;
}
