import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkCovering } from "./check-covering.ts";
import { coveringArray } from "./covering-array.ts";
import type { Assignment, CoveringProblem, Row } from "./covering-problem.ts";
import { COVERING_MARKS, levelsOf } from "./covering-marks.ts";

const CLEAN = { missing: [], undecided: [], forbiddenRows: [], brokenRows: [], absentSeeds: [] };

describe("covering arrays are small", () => {
  test.each(COVERING_MARKS)("$name, $strength-wise, takes at most $rowsMax rows", ({ levels, strength, rowsMax }) => {
    const { rows, impossible, undecided } = coveringArray({ levels, strength });
    expect(rows.length).toBeLessThanOrEqual(rowsMax);
    expect({ impossible, undecided }).toEqual({ impossible: 0, undecided: 0 });
    expect(checkCovering({ levels, strength }, rows)).toEqual({ ...CLEAN, impossible: 0 });
  });

  test.each([
    ["two axes", "7^1 5^1", 2, 35],
    ["one axis with one value beside others", "4^1 3^1 1^1", 2, 12],
    ["the levels of a usual matrix", "8^1 6^1 4^1 3^2 2^2", 2, 48],
    ["an orthogonal array over a field that is not of prime order", "8^9", 2, 64],
    ["an orthogonal array of strength 3", "4^6", 3, 64],
    ["two values, for which the fewest rows are known", "2^10", 2, 6],
  ] as const)("%s: %s takes the fewest rows that are possible", (_, name, strength, fewest) => {
    const levels = levelsOf(name);
    const { rows } = coveringArray({ levels, strength });
    expect(rows).toHaveLength(fewest);
    expect(checkCovering({ levels, strength }, rows)).toEqual({ ...CLEAN, impossible: 0 });
  });
});

describe("the 75 axes of a mark with what a user may add", () => {
  const levels = levelsOf("4^1 3^39 2^35");
  const forbidden: Assignment[][] = levels.slice(38).map((_, axis) => [
    { axis: 2 * axis, value: 0 },
    { axis: 2 * axis + 1, value: 1 },
  ]);
  const seeds = [levels.map(() => 0), levels.map((level) => level - 1)];

  test("two seeds and 37 forbidden pairs are kept to", () => {
    const problem: CoveringProblem = { levels, strength: 2, forbidden, seeds };
    const { rows, undecided } = coveringArray(problem);
    expect(undecided).toBe(0);
    expect(rows.slice(0, 2)).toEqual(seeds);
    expect(rows.length).toBeLessThanOrEqual(26);
    const report = checkCovering(problem, rows);
    expect({ ...report, impossible: 0 }).toEqual({ ...CLEAN, impossible: 0 });
  });
});

interface Case {
  readonly levels: readonly number[];
  readonly strength: 2 | 3;
  readonly forbidden: readonly (readonly Assignment[])[];
  readonly candidates: readonly Row[];
}

/** Problems that are small enough to try every row. */
const problems: fc.Arbitrary<Case> = fc
  .record({
    levels: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 3, maxLength: 6 }),
    strength: fc.constantFrom<2 | 3>(2, 3),
  })
  .chain(({ levels, strength }) => {
    const assignment = fc
      .nat({ max: levels.length - 1 })
      .chain((axis) => fc.nat({ max: levels[axis]! - 1 }).map((value) => ({ axis, value })));
    return fc.record({
      levels: fc.constant(levels),
      strength: fc.constant(strength),
      forbidden: fc.array(fc.array(assignment, { minLength: 1, maxLength: 4 }), { maxLength: 12 }),
      candidates: fc.array(fc.tuple(...levels.map((level) => fc.nat({ max: level - 1 }))), { maxLength: 5 }),
    });
  });

function everyRow(levels: readonly number[]): number[][] {
  return levels.reduce<number[][]>(
    (rows, level) => rows.flatMap((row) => Array.from({ length: level }, (_, value) => [...row, value])),
    [[]],
  );
}

const holds = (row: Row, tuple: readonly Assignment[]) => tuple.every(({ axis, value }) => row[axis] === value);

/** The problem, with those of the candidates as seeds that are allowed. */
function seeded({ levels, strength, forbidden, candidates }: Case): CoveringProblem & { seeds: readonly Row[] } {
  const seeds = candidates.filter((row) => !forbidden.some((tuple) => holds(row, tuple)));
  return { levels, strength, forbidden, seeds };
}

describe("properties of covering arrays", () => {
  test("exactly what some allowed row holds is covered, by allowed rows, the seeds first", () => {
    fc.assert(
      fc.property(problems, (any) => {
        const problem = seeded(any);
        const { rows, impossible, undecided } = coveringArray(problem);
        expect(undecided).toBe(0);
        // The array of all allowed rows covers exactly what can be covered.
        const allowed = everyRow(any.levels).filter((row) => !any.forbidden.some((tuple) => holds(row, tuple)));
        const all = checkCovering(problem, allowed);
        expect(all.missing).toEqual([]);
        expect(impossible).toBe(all.impossible);
        expect(checkCovering(problem, rows)).toEqual({ ...CLEAN, impossible });
        const distinct = new Map(problem.seeds.map((seed) => [Array.from(seed).join(), seed]));
        expect(rows.slice(0, distinct.size)).toEqual([...distinct.values()]);
      }),
      { numRuns: 200 },
    );
  });

  test("the order in which forbidden tuples are listed changes nothing, and neither does asking twice", () => {
    fc.assert(
      fc.property(problems, fc.infiniteStream(fc.nat()), (any, stream) => {
        const problem = seeded(any);
        const shuffled = any.forbidden
          .map((tuple) => ({ tuple: tuple.toReversed(), at: stream.next().value as number }))
          .toSorted((a, b) => a.at - b.at)
          .map(({ tuple }) => tuple);
        const result = coveringArray(problem);
        expect(coveringArray(problem)).toEqual(result);
        expect(coveringArray({ ...problem, forbidden: shuffled })).toEqual(result);
        expect(coveringArray({ ...problem, forbidden: [...shuffled, ...shuffled] })).toEqual(result);
      }),
      { numRuns: 50 },
    );
  });

  test("no row can be left out", () => {
    fc.assert(
      fc.property(problems, ({ levels, strength, forbidden }) => {
        const problem = { levels, strength, forbidden };
        const { rows } = coveringArray(problem);
        for (const row of rows) {
          expect(
            checkCovering(
              problem,
              rows.filter((other) => other !== row),
            ).missing.length,
          ).toBeGreaterThan(0);
        }
      }),
      { numRuns: 50 },
    );
  });
});

test("forbidden tuples cost no more rows than they have to", () => {
  const levels = [8, 6, 5, 5, 3];
  const forbidden = [1, 2, 3, 4].flatMap((c) =>
    [3, 4].map((d) => [
      { axis: 2, value: c },
      { axis: 3, value: d },
    ]),
  );
  // Axis 0 with axis 2 above 0; in other rows with axis 3 above 2; and axis 2 at 0 with the rest of axis 3.
  expect(coveringArray({ levels, strength: 2, forbidden }).rows).toHaveLength(8 * 4 + 8 * 2 + 3);
  expect(coveringArray({ levels, strength: 3, forbidden }).rows).toHaveLength(48 * 4 + 48 * 2 + 8 * 3);
});

describe("what forbids everything", () => {
  const levels = [2, 2, 2];

  test("an empty forbidden tuple leaves no row", () => {
    expect(coveringArray({ levels, strength: 2, forbidden: [[]] })).toEqual({ rows: [], impossible: 12, undecided: 0 });
  });

  test("an axis without an allowed value leaves no row", () => {
    const forbidden = [0, 1].map((value) => [{ axis: 1, value }]);
    expect(coveringArray({ levels, strength: 2, forbidden })).toEqual({ rows: [], impossible: 12, undecided: 0 });
  });

  test("a tuple with two values of one axis forbids nothing", () => {
    const forbidden = [[0, 1].map((value) => ({ axis: 0, value }))];
    expect(coveringArray({ levels, strength: 2, forbidden })).toEqual(coveringArray({ levels, strength: 2 }));
  });
});

/** Pigeonholes: each of `axes` axes takes one of `holes` values, no two the same. Few searches see that it cannot be. */
function pigeons(axes: number, holes: number): CoveringProblem {
  const levels = Array.from({ length: axes }, () => holes);
  const forbidden = levels.flatMap((_, a) =>
    levels.slice(a + 1).flatMap((_, b) =>
      Array.from({ length: holes }, (_, value) => [
        { axis: a, value },
        { axis: a + 1 + b, value },
      ]),
    ),
  );
  return { levels, strength: 2, forbidden };
}

test("a tuple that the bounded search cannot decide is counted, not passed over", () => {
  const problem = pigeons(11, 10);
  const { rows, impossible, undecided } = coveringArray(problem);
  expect(rows).toEqual([]);
  expect(undecided).toBeGreaterThan(0);
  expect(impossible + undecided).toBe(55 * 100);
});

test("permutations, of which there are enough, are covered", () => {
  const problem = pigeons(6, 6);
  const { rows, impossible, undecided } = coveringArray(problem);
  expect({ impossible, undecided }).toEqual({ impossible: 15 * 6, undecided: 0 });
  expect(checkCovering(problem, rows)).toEqual({ ...CLEAN, impossible });
});

describe("what cannot be worked on is refused with the reason", () => {
  const many = (count: number, level: number) => Array.from({ length: count }, () => level);
  test.each<[string, CoveringProblem, string]>([
    ["fewer axes than the strength", { levels: [2, 2], strength: 3 }, "strength 3 needs 3 axes or more: there are 2"],
    ["no axes", { levels: [], strength: 2 }, "strength 2 needs 2 axes or more: there are 0"],
    ["another strength", { levels: [2, 2], strength: 4 as 3 }, "strength is 4: it must be 2 or 3"],
    ["an axis without values", { levels: [2, 0], strength: 2 }, "axis 1 has 0 values: it must have 1 or more"],
    ["half a value", { levels: [2.5, 2], strength: 2 }, "axis 0 has 2.5 values: it must have 1 or more"],
    ["too many axes", { levels: many(501, 1), strength: 2 }, "there are 501 axes: the limit is 500"],
    [
      "too many tuples",
      { levels: many(10, 1_000), strength: 2 },
      "there are 45000000 tuples to cover: the limit is 2000000",
    ],
    [
      "a forbidden tuple of an axis that does not exist",
      { levels: [2, 2], strength: 2, forbidden: [[{ axis: 2, value: 0 }]] },
      "forbidden tuple 0 names axis 2, which does not exist",
    ],
    [
      "a forbidden tuple with a value that does not exist",
      { levels: [2, 2], strength: 2, forbidden: [[{ axis: 1, value: 2 }]] },
      "forbidden tuple 0 names value 2 of axis 1, which has 2 values",
    ],
    [
      "a seed that is too short",
      { levels: [2, 2], strength: 2, seeds: [[0, 0], [1]] },
      "seed 1 has 1 values for 2 axes",
    ],
    [
      "a seed with a value that does not exist",
      { levels: [2, 2], strength: 2, seeds: [[0, 2]] },
      "seed 0 has value 2 for axis 1, which has 2 values",
    ],
    [
      "a seed that is forbidden",
      { levels: [2, 2], strength: 2, seeds: [[0, 1]], forbidden: [[{ axis: 1, value: 1 }]] },
      "seed 0 (0, 1) holds a forbidden tuple",
    ],
  ])("%s", (_, problem, message) => {
    expect(() => coveringArray(problem)).toThrow(new RangeError(message));
  });
});
