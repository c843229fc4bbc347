import { describe, expect, test } from "vitest";
import { benjaminiHochberg } from "./benjamini-hochberg.ts";
import { summariseIdenticalRuns } from "./identical-runs.ts";
import { median, robustDeviation } from "./order.ts";
import { detectableEffect, requiredPairs, type PowerQuestion } from "./power.ts";
import { proportionInterval } from "./proportion.ts";
import { normal, seededRandom } from "./random.ts";
import { signedRankBounds } from "./signed-rank.ts";

const SEED = 41;
const question = (power: number): PowerQuestion => ({
  alpha: 0.01,
  power,
  simulations: 2_000,
  random: seededRandom(SEED),
});

describe("order statistics", () => {
  test("the median of two huge values is between them", () => {
    expect(median([1.7e308, 1.5e308])).toBe(1.6e308);
  });

  test("the robust deviation of a normal sample is its deviation, one wild value or not", () => {
    const random = seededRandom(SEED);
    const values = Array.from({ length: 10_000 }, () => 3 * normal(random));
    expect(robustDeviation(values), `seed ${SEED}`).toBeCloseTo(3, 0);
    expect(robustDeviation([...values, 1e12])).toBeCloseTo(3, 0);
  });
});

describe("false discoveries", () => {
  test("the published example of 15 p-values rejects four at 0.05", () => {
    // Benjamini & Hochberg 1995, section 4.1.
    const p = [
      0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.324, 0.4262, 0.5719, 0.6528, 0.759, 1,
    ];
    expect(benjaminiHochberg(p).filter((q) => q <= 0.05)).toHaveLength(4);
  });

  test("a p-value outside 0 … 1 is refused, and no p-values have no answer", () => {
    expect(() => benjaminiHochberg([1.1])).toThrow("p-value");
    expect(benjaminiHochberg([])).toEqual([]);
  });
});

describe("power", () => {
  test("the effect said to be detectable is detected as often as asked", () => {
    const effect = detectableEffect(10, question(0.8));
    const random = seededRandom(SEED + 1);
    const found = Array.from({ length: 2_000 }, () =>
      signedRankBounds(
        Array.from({ length: 10 }, () => effect + normal(random)),
        0.01,
      ),
    ).filter(({ lower }) => lower > 0).length;
    expect(found / 2_000, `seed ${SEED}`).toBeGreaterThan(0.76);
    expect(found / 2_000, `seed ${SEED}`).toBeLessThan(0.84);
  });

  test("six pairs have no bound at 0.01: no effect is large enough", () => {
    expect(detectableEffect(6, question(0.8))).toBe(Infinity);
  });

  test("a smaller effect needs more pairs, and one that is too small cannot be had", () => {
    const pairs = (effect: number) => requiredPairs({ effect, deviation: 0.014, pairsMax: 40 }, question(0.8));
    expect(pairs(0.05)).toBe(7);
    expect(pairs(0.02) ?? 0).toBeGreaterThan(pairs(0.05) ?? Infinity);
    expect(pairs(0.001)).toBeUndefined();
  });
});

describe("comparisons of a release with itself", () => {
  test("no history is unknown, not a rate of zero", () => {
    expect(summariseIdenticalRuns([])).toBeUndefined();
  });

  test("never stopped in 300 runs still leaves up to 1.2 %", () => {
    const runs = Array.from({ length: 300 }, (_, i) => ({ estimate: i % 2 === 0 ? 0.004 : -0.004, stopped: false }));
    const summary = summariseIdenticalRuns(runs);
    expect(summary?.falsePositives).toMatchObject({ rate: 0, lower: 0 });
    expect(summary?.falsePositives.upper).toBeCloseTo(0.0122, 4);
  });

  test("a constant bias between the arms counts as deviation, and four runs are too few for one", () => {
    const biased = Array.from({ length: 5 }, () => ({ estimate: 0.01, stopped: false }));
    expect(summariseIdenticalRuns(biased)?.deviation).toBeCloseTo(0.0148, 4);
    expect(summariseIdenticalRuns(biased.slice(1))?.deviation).toBeUndefined();
  });

  test("more stopped than run is refused", () => {
    expect(() => proportionInterval(2, 1, 0.95)).toThrow("2 of 1");
  });
});
