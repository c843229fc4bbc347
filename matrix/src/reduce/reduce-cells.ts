import { coverFrom } from "../covering/cover-from.ts";
import type { CellTable } from "../plan/cell-table.ts";
import type { Reduction } from "../spec/spec.ts";

/**
 * Chooses the rows that are planned, as a set; the others are possible and left out.
 * `rows` are the possible cells, `seeds` those among them that every reduction keeps.
 */
export function reduceCells(
  table: CellTable,
  rows: readonly number[],
  seeds: ReadonlySet<number>,
  reduction: Reduction,
): ReadonlySet<number> {
  switch (reduction.kind) {
    case "full":
      return new Set(rows);
    case "touchstone":
      return seeds;
    case "t-wise":
      return cover(table, rows, seeds, reduction.strength);
  }
}

/**
 * Combinations of `strength` axis values that the possible cells hold, each
 * counted in every cell that holds it: what a t-wise reduction has to look at.
 * At most `HELD_TUPLES_MAX`.
 */
export function heldTuples(table: CellTable, rows: readonly number[], strength: 2 | 3): number {
  const width = table.axes.length;
  const first = (rows[0] ?? 0) * width;
  const varying = table.axes.filter((_, column) => {
    return rows.some((row) => table.codes[row * width + column] !== table.codes[first + column]);
  }).length;
  const pairs = (varying * (varying - 1)) / 2;
  return rows.length * (strength === 2 ? pairs : (pairs * (varying - 2)) / 3);
}

/** A value that some cells do not have counts as one more value. */
function cover(
  table: CellTable,
  rows: readonly number[],
  seeds: ReadonlySet<number>,
  strength: 2 | 3,
): ReadonlySet<number> {
  const width = table.axes.length;
  // Each cell of such a matrix is a combination of its own.
  if (width <= strength) return new Set(rows);
  const levels = table.axes.map(({ values }) => values.length);
  const candidates = rows.map((row) => {
    const candidate: number[] = [];
    for (let column = 0; column < width; column += 1) {
      const code = table.codes[row * width + column] ?? -1;
      if (code !== -1) candidate.push(code);
      else {
        const absent = table.axes[column]?.values.length ?? 0;
        levels[column] = absent + 1;
        candidate.push(absent);
      }
    }
    return candidate;
  });
  const seedIndexes = [...rows.keys()].filter((index) => seeds.has(rows[index] ?? -1));
  const chosen = coverFrom(candidates, levels, strength, seedIndexes);
  return new Set(chosen.map((index) => rows[index] ?? -1));
}
