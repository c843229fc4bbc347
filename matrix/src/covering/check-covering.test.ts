import { describe, expect, test } from "vitest";
import { checkCovering } from "./check-covering.ts";
import type { CoveringProblem } from "./covering-problem.ts";

const PAIRS: CoveringProblem = { levels: [2, 2, 2], strength: 2 };
const GOOD = [
  [0, 0, 0],
  [0, 1, 1],
  [1, 0, 1],
  [1, 1, 0],
];
const NOTHING_WRONG = {
  missing: [],
  impossible: 0,
  undecided: [],
  forbiddenRows: [],
  brokenRows: [],
  absentSeeds: [],
};

describe("the checker of covering arrays", () => {
  test("has nothing to say of an array that covers all", () => {
    expect(checkCovering(PAIRS, GOOD)).toEqual(NOTHING_WRONG);
  });

  test("names each pair that lacks when a row is taken away", () => {
    expect(checkCovering(PAIRS, GOOD.slice(0, 3))).toEqual({
      ...NOTHING_WRONG,
      missing: [
        [
          { axis: 0, value: 1 },
          { axis: 1, value: 1 },
        ],
        [
          { axis: 0, value: 1 },
          { axis: 2, value: 0 },
        ],
        [
          { axis: 1, value: 1 },
          { axis: 2, value: 0 },
        ],
      ],
    });
  });

  test("misses everything in an array without rows", () => {
    expect(checkCovering(PAIRS, []).missing).toHaveLength(12);
    expect(checkCovering({ ...PAIRS, strength: 3 }, []).missing).toHaveLength(8);
  });

  test("sees that pairs are no triples", () => {
    expect(checkCovering({ ...PAIRS, strength: 3 }, GOOD).missing).toHaveLength(4);
  });

  test("names a row that holds a forbidden tuple, and does not count what it covers", () => {
    const forbidden = [
      [
        { axis: 0, value: 0 },
        { axis: 2, value: 1 },
      ],
    ];
    const report = checkCovering({ ...PAIRS, forbidden }, GOOD);
    expect(report.forbiddenRows).toEqual([{ row: 1, forbidden: forbidden[0] }]);
    // The forbidden pair itself cannot be; the other two pairs of the row can.
    expect(report.impossible).toBe(1);
    expect(report.missing).toEqual([
      [
        { axis: 0, value: 0 },
        { axis: 1, value: 1 },
      ],
      [
        { axis: 1, value: 1 },
        { axis: 2, value: 1 },
      ],
    ]);
  });

  test("knows a pair that only several forbidden tuples together make impossible", () => {
    // Axis 2 can be neither 0 nor 1 with the first axis at 0 and the second at 0.
    const forbidden = [0, 1].map((value) => [
      { axis: value, value: 0 },
      { axis: 2, value },
    ]);
    const report = checkCovering({ ...PAIRS, forbidden }, []);
    expect(report.impossible).toBe(3);
    expect(report.missing).toHaveLength(9);
  });

  test("says that it cannot decide what would take too many rows", () => {
    // Ten axes, no two with the same of nine values: that cannot be, and takes long to try.
    const levels = Array.from({ length: 10 }, () => 9);
    const values = Array.from({ length: 9 }, (_, value) => value);
    const forbidden = levels.flatMap((_, axis) =>
      levels.slice(0, axis).flatMap((_, other) =>
        values.map((value) => [
          { axis, value },
          { axis: other, value },
        ]),
      ),
    );
    const report = checkCovering({ levels, strength: 2, forbidden }, []);
    expect(report.undecided).toHaveLength(45 * 9 * 8);
    expect(report.impossible).toBe(45 * 9);
    expect(report.missing).toEqual([]);
  });

  test.each([
    ["too short", [0, 0]],
    ["too long", [0, 0, 0, 0]],
    ["with a value that its axis does not have", [0, 0, 2]],
    ["with a negative value", [0, 0, -1]],
    ["with half a value", [0, 0, 0.5]],
  ])("names a row that is %s", (_, row) => {
    const report = checkCovering(PAIRS, [row, ...GOOD.slice(1)]);
    expect(report.brokenRows).toEqual([0]);
    expect(report.missing).toHaveLength(3);
  });

  test("names a seed that is not there", () => {
    const seeds = [
      [1, 1, 0],
      [1, 1, 1],
    ];
    expect(checkCovering({ ...PAIRS, seeds }, GOOD)).toEqual({ ...NOTHING_WRONG, absentSeeds: [1] });
  });
});
