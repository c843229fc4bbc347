import type { Row } from "./covering-problem.ts";
import { seededRandom, type Random } from "./random.ts";

/** Changes of one entry that a search tries before it gives up. */
const CHANGES_MAX = 40_000;
/** Changes without a gain after which it begins anew. */
const PATIENCE = 400;

/** How many rows `starterArray` gives. */
export function starterRows(levels: number, columns: number): number {
  return columns * (levels - 1) + 1;
}

/**
 * A pairwise array that one vector makes: its cyclic shifts, to each of which
 * each element of the cyclic group of `levels` − 1 is added (one more value,
 * "fixed", stays as it is), and one row that is all fixed. That covers every
 * pair when, for each distance, the differences of the entries so far apart
 * give every element, and a fixed entry stands once at either end.
 * Null when the search, which is bounded, finds no such vector.
 *
 * Source: K. Meagher and B. Stevens, "Group construction of covering arrays",
 * Journal of Combinatorial Designs 13 (2005).
 */
export function starterArray(levels: number, columns: number): readonly Row[] | null {
  const vector = findStarter(levels - 1, columns, seededRandom(levels * 1_000 + columns));
  if (!vector) return null;
  const fixed = levels - 1;
  const rows: number[][] = [];
  for (let shift = 0; shift < columns; shift += 1) {
    for (let added = 0; added < fixed; added += 1) {
      rows.push(
        vector.map((_, column) => {
          const entry = vector[(column + shift) % columns] ?? 0;
          return entry === fixed ? fixed : (entry + added) % fixed;
        }),
      );
    }
  }
  rows.push(vector.map(() => fixed));
  return rows;
}

/** A vector over 0 … group, where `group` is the fixed value, or null. */
function findStarter(group: number, columns: number, random: Random): readonly number[] | null {
  const distances = Math.floor(columns / 2);
  // What is to be seen at a distance: each difference, fixed first, fixed last, and (as the last index) nothing new.
  const kinds = group + 3;
  const seen = new Int32Array((distances + 1) * kinds);
  const vector = Array.from({ length: columns }, () => 0);
  let missing = 0;

  const note = (distance: number, from: number, to: number, by: 1 | -1): void => {
    const kind = kindOf(vector[from] ?? 0, vector[to] ?? 0, group);
    const index = distance * kinds + kind;
    const before = seen[index] ?? 0;
    seen[index] = before + by;
    if (kind < group + 2 && (by === 1 ? before === 0 : before === 1)) missing -= by;
  };
  const noteAll = (at: number, by: 1 | -1): void => {
    for (let distance = 1; distance <= distances; distance += 1) {
      note(distance, at, (at + distance) % columns, by);
      note(distance, (at + columns - distance) % columns, at, by);
    }
  };
  const set = (at: number, value: number): void => {
    noteAll(at, -1);
    vector[at] = value;
    noteAll(at, 1);
  };

  let patience = 0;
  for (let change = 0; change < CHANGES_MAX; change += 1) {
    if (patience === 0) {
      patience = PATIENCE;
      seen.fill(0);
      for (let at = 0; at < columns; at += 1) vector[at] = random(group + 1);
      missing = distances * (group + 2);
      for (let at = 0; at < columns; at += 1) {
        for (let distance = 1; distance <= distances; distance += 1) note(distance, at, (at + distance) % columns, 1);
      }
    }
    if (missing === 0) return vector;
    const at = random(columns);
    const old = vector[at] ?? 0;
    const before = missing;
    set(at, random(group + 1));
    if (missing > before) set(at, old);
    patience = missing < before ? PATIENCE : patience - 1;
  }
  return null;
}

function kindOf(from: number, to: number, group: number): number {
  if (from === group) return to === group ? group + 2 : group;
  if (to === group) return group + 1;
  return (to - from + group) % group;
}
