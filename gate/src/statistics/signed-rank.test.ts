import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { hodgesLehmann, hodgesLehmannShift, SAMPLES_MAX } from "./hodges-lehmann.ts";
import { signedRankBounds, signedRankCritical, signedRankProbability, signedRankTest } from "./signed-rank.ts";

/**
 * Critical values of Wilcoxon's T, one-sided, n = 5 … 20: R. L. McCornack,
 * "Extended tables of the Wilcoxon matched pair signed rank statistic",
 * Journal of the American Statistical Association 60 (1965) 864–871.
 */
const TABLE: Readonly<Record<string, readonly (number | undefined)[]>> = {
  "0.05": [0, 2, 3, 5, 8, 10, 13, 17, 21, 25, 30, 35, 41, 47, 53, 60],
  "0.025": [undefined, 0, 2, 3, 5, 8, 10, 13, 17, 21, 25, 29, 34, 40, 46, 52],
  "0.01": [undefined, undefined, 0, 1, 3, 5, 7, 9, 12, 15, 19, 23, 27, 32, 37, 43],
  "0.005": [undefined, undefined, undefined, 0, 1, 3, 5, 7, 9, 12, 15, 19, 23, 27, 32, 37],
};

/** Hamilton depression scale factor IV, nine patients, before minus after: Hollander, Wolfe & Chicken, example 3.1. */
const BEFORE = [1.83, 0.5, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.3];
const AFTER = [0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29];
const DIFFERENCES = BEFORE.map((before, i) => before - (AFTER[i] ?? 0));

const sample = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 30 });

describe("signed ranks", () => {
  test("critical values are those of the published table", () => {
    for (const [alpha, row] of Object.entries(TABLE)) {
      for (const [i, expected] of row.entries()) {
        expect(signedRankCritical(Number(alpha), i + 5), `n = ${i + 5} at ${alpha}`).toBe(expected);
      }
    }
  });

  test("the textbook example has its published p-value, estimate and interval", () => {
    const { statistic, pGreater } = signedRankTest(DIFFERENCES);
    expect(statistic).toBe(40);
    expect(pGreater).toBeCloseTo(0.0195, 4);
    // A two-sided interval of 96.1 %: P(W ≤ 5) = 0.0195 on each side.
    const { estimate, lower, upper } = signedRankBounds(DIFFERENCES, 0.0196);
    expect(estimate).toBeCloseTo(0.46, 2);
    expect(lower).toBeCloseTo(0.01, 3);
    expect(upper).toBeCloseTo(0.786, 3);
  });

  test("six screening pairs bound at 0.05 with their third-smallest average, ten at 0.01 with the sixth", () => {
    expect(signedRankCritical(0.05, 6)).toBe(2);
    expect(signedRankProbability(2, 6)).toBe(3 / 64);
    expect(signedRankCritical(0.01, 10)).toBe(5);
    expect(signedRankProbability(5, 10)).toBe(10 / 1024);
  });

  test("too few values have an estimate but no bound", () => {
    expect(signedRankBounds([1, 2, 3, 4], 0.05)).toEqual({ estimate: 2.5, lower: -Infinity, upper: Infinity });
  });

  test("zeros are left out of the test, and only zeros say nothing", () => {
    expect(signedRankTest([0, 1, 0, 2])).toEqual(signedRankTest([1, 2]));
    expect(signedRankTest([0, 0])).toMatchObject({ used: 0, pGreater: 1, pLess: 1, pTwoSided: 1 });
  });

  test("a lower bound above zero and a rejecting test are one thing, without ties", () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: 1, max: 1e9 }), { minLength: 1, maxLength: 25 }),
        fc.infiniteStream(fc.boolean()),
        (sizes, signs) => {
          const values = sizes.map((size) => (signs.next().value === true ? size : -size));
          for (const alpha of [0.05, 0.01]) {
            expect(signedRankBounds(values, alpha).lower > 0).toBe(signedRankTest(values).pGreater <= alpha);
          }
        },
      ),
    );
  });

  test("turning the sample round turns estimate and bounds round", () => {
    fc.assert(
      fc.property(sample, (values) => {
        const { estimate, lower, upper } = signedRankBounds(values, 0.05);
        const turned = signedRankBounds(
          values.map((value) => -value),
          0.05,
        );
        expect(turned.estimate).toBeCloseTo(-estimate, 6);
        expect(turned.lower === -upper).toBe(true);
        expect(turned.upper === -lower).toBe(true);
        expect(lower <= estimate && estimate <= upper).toBe(true);
      }),
    );
  });

  test("the test of a sample and of its mirror image swap sides", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -5, max: 5 }), { minLength: 1, maxLength: 15 }), (values) => {
        const one = signedRankTest(values);
        const other = signedRankTest(values.map((value) => -value));
        expect(one.pGreater).toBeCloseTo(other.pLess, 12);
        expect(one.pGreater + one.pLess).toBeGreaterThanOrEqual(1 - 1e-12);
      }),
    );
  });

  test("more samples than the limit, none, and values that are no number are refused", () => {
    expect(() =>
      signedRankBounds(
        Array.from({ length: SAMPLES_MAX + 1 }, () => 1),
        0.05,
      ),
    ).toThrow("at most 200");
    expect(() => signedRankBounds([], 0.05)).toThrow("empty sample");
    expect(() => signedRankBounds([1, Number.NaN], 0.05)).toThrow("NaN");
    expect(() => signedRankTest([1, Infinity])).toThrow("finite");
  });
});

describe("Hodges–Lehmann", () => {
  test("the estimate is the median of all pairwise averages", () => {
    expect(hodgesLehmann([1, 2, 10])).toBe(3.75);
    expect(hodgesLehmann([5])).toBe(5);
  });

  test("one wild value of ten moves the estimate by less than the spread of the others", () => {
    const calm = [1, 2, 3, 4, 5, 6, 7, 8, 9];
    expect(Math.abs(hodgesLehmann([...calm, 1e9]) - hodgesLehmann(calm))).toBeLessThanOrEqual(1);
  });

  test("the shift between two samples is the median of all differences", () => {
    expect(hodgesLehmannShift([1, 2, 3], [11, 12, 13])).toBe(10);
  });
});
