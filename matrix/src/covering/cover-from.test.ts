import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { coverFrom } from "./cover-from.ts";
import type { Row } from "./covering-problem.ts";

/** Every tuple that one of the rows holds, by brute force. */
function heldBy(rows: readonly Row[], axes: number, strength: number): Set<string> {
  const held = new Set<string>();
  const used = Math.min(strength, axes);
  for (let subset = 0; subset < 1 << axes; subset += 1) {
    const chosen = Array.from({ length: axes }, (_, axis) => axis).filter((axis) => (subset >> axis) & 1);
    if (chosen.length !== used) continue;
    for (const row of rows) held.add(chosen.map((axis) => `${axis}=${row[axis]}`).join());
  }
  return held;
}

function everyRow(levels: readonly number[]): number[][] {
  return levels.reduce<number[][]>(
    (rows, level) => rows.flatMap((row) => Array.from({ length: level }, (_, value) => [...row, value])),
    [[]],
  );
}

const inputs = fc
  .record({
    levels: fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 6 }),
    strength: fc.constantFrom<2 | 3>(2, 3),
  })
  .chain(({ levels, strength }) =>
    fc.record({
      levels: fc.constant(levels),
      strength: fc.constant(strength),
      // Some are there twice.
      rows: fc.array(fc.tuple(...levels.map((level) => fc.nat({ max: level - 1 }))), { minLength: 1, maxLength: 200 }),
      seeds: fc.array(fc.nat(), { maxLength: 4 }),
    }),
  )
  .map(({ seeds, ...rest }) => ({ ...rest, seeds: seeds.map((seed) => seed % rest.rows.length) }));

describe("choosing from allowed rows", () => {
  test("covers every tuple that any of them holds, seeds first, each row once and none for nothing", () => {
    fc.assert(
      fc.property(inputs, ({ levels, strength, rows, seeds }) => {
        const chosen = coverFrom(rows, levels, strength, seeds);
        const axes = levels.length;
        const all = heldBy(rows, axes, strength);
        const rowsOf = (indexes: readonly number[]) => indexes.map((index) => rows[index]!);
        expect(heldBy(rowsOf(chosen), axes, strength)).toEqual(all);
        expect(new Set(chosen).size).toBe(chosen.length);
        const fixed = [...new Set(seeds)];
        expect(chosen.slice(0, fixed.length)).toEqual(fixed);
        for (const index of chosen.slice(fixed.length)) {
          const rest = rowsOf(chosen.filter((other) => other !== index));
          expect(heldBy(rest, axes, strength).size).toBeLessThan(all.size);
        }
        expect(coverFrom(rows, levels, strength, seeds)).toEqual(chosen);
      }),
      { numRuns: 300 },
    );
  });

  test("takes the fewest rows that are possible of a usual matrix", () => {
    const levels = [8, 5, 4, 3, 2];
    expect(coverFrom(everyRow(levels), levels, 2)).toHaveLength(40);
    expect(coverFrom(everyRow(levels), levels, 3)).toHaveLength(160);
  });

  test("takes the fewest rows that are possible of a matrix with holes", () => {
    const levels = [8, 6, 5, 5, 3];
    const rows = everyRow(levels).filter(([, , c = 0, d = 0]) => !(c > 0 && d > 2));
    const chosen = coverFrom(rows, levels, 2);
    expect(
      heldBy(
        chosen.map((index) => rows[index]!),
        5,
        2,
      ),
    ).toEqual(heldBy(rows, 5, 2));
    // Each of the 8 values goes with 4 values of c above 0 and, in other rows, with 2 of d above 2; and c = 0 with 3 of d.
    expect(chosen).toHaveLength(8 * 4 + 8 * 2 + 3);
  });

  test("keeps a seed that brings nothing, and does with fewer others for one that brings much", () => {
    const rows = everyRow([3, 3, 3]);
    const alone = coverFrom(rows, [3, 3, 3], 2);
    expect(alone).toHaveLength(9);
    expect(coverFrom(rows, [3, 3, 3], 2, alone)).toEqual(alone);
    expect(coverFrom(rows, [3, 3, 3], 2, alone.slice(4))).toHaveLength(9);
    const all = rows.map((_, index) => index);
    expect(coverFrom(rows, [3, 3, 3], 2, all)).toEqual(all);
  });

  test("takes all that differ when there are fewer axes than the strength", () => {
    expect(
      coverFrom(
        [
          [0, 0],
          [0, 1],
          [1, 0],
          [0, 1],
        ],
        [2, 2],
        3,
      ),
    ).toHaveLength(3);
    expect(coverFrom([[0], [1], [1]], [2], 2)).toHaveLength(2);
  });

  test("takes one of rows that are all alike, and none of none", () => {
    expect(
      coverFrom(
        [
          [1, 1],
          [1, 1],
        ],
        [2, 2],
        2,
      ),
    ).toEqual([0]);
    expect(
      coverFrom(
        [
          [1, 1],
          [1, 1],
        ],
        [2, 2],
        2,
        [1],
      ),
    ).toEqual([1]);
    expect(coverFrom([[]], [], 2)).toEqual([0]);
    expect(coverFrom([], [2, 2], 2)).toEqual([]);
  });

  test("chooses from 100,000 rows with 8 axes", () => {
    const levels = [7, 8, 6, 7, 3, 3, 5, 2];
    const rows = everyRow(levels).slice(0, 100_000);
    expect(rows).toHaveLength(100_000);
    const chosen = coverFrom(rows, levels, 2, [99_999, 0]);
    expect(
      heldBy(
        chosen.map((index) => rows[index]!),
        8,
        2,
      ),
    ).toEqual(heldBy(rows, 8, 2));
    expect(chosen.slice(0, 2)).toEqual([99_999, 0]);
    expect(chosen.length).toBeLessThanOrEqual(64);
  });

  test("works with values so many that combinations of three do not fit a table", () => {
    const rows = Array.from({ length: 1_000 }, (_, index) => [index, index, 999 - index]);
    expect(coverFrom(rows, [1_000, 1_000, 1_000], 3)).toHaveLength(1_000);
  });

  test("refuses what cannot be worked on, with the reason", () => {
    expect(() => coverFrom([[0, 2]], [2, 2], 2)).toThrow("candidate 0 has value 2 for axis 1, which has 2 values");
    expect(() => coverFrom([[0]], [2, 2], 2)).toThrow("candidate 0 has 1 values for 2 axes");
    expect(() => coverFrom([[0, 0]], [2, 0], 2)).toThrow("axis 1 has 0 values: it must have 1 or more");
    expect(() => coverFrom([[0, 0]], [2, 2], 2, [1])).toThrow("seed 1 is not the index of one of the 1 candidates");
    const wide = Array.from({ length: 2_000 }, (_, index) => Array.from({ length: 50 }, () => index % 2));
    expect(() =>
      coverFrom(
        wide,
        wide[0]!.map(() => 2),
        3,
      ),
    ).toThrow("2000 candidates with 50 axes hold 39200000 tuples of 3: the limit is 30000000");
  });
});
