import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { changePoints, SEGMENT_POINTS_MIN, SERIES_POINTS_MAX } from "./change-points.ts";
import { normal, seededRandom } from "./random.ts";

interface PublishedSeries {
  readonly change_indices: readonly number[];
  readonly values: readonly number[];
}

const published = (name: string): PublishedSeries =>
  JSON.parse(readFileSync(new URL(`./fixtures/${name}.json`, import.meta.url), "utf8")) as PublishedSeries;

const SEED = 1977;
const WITHIN = 2;

function noise(count: number, seed: number, level = 100): number[] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, () => level + normal(random));
}

function expectSteps(values: readonly number[], planted: readonly number[]): void {
  const found = changePoints(values).map(({ index }) => index);
  expect(found, `planted at ${planted.join(", ")}`).toHaveLength(planted.length);
  for (const [i, index] of found.entries()) expect(Math.abs(index - (planted[i] ?? -99))).toBeLessThanOrEqual(WITHIN);
}

describe("change points", () => {
  test.for(["mozilla_runs1", "tcpd_quality_control_2"])("the known step of %s is found, and no other", (name) => {
    const { values, change_indices } = published(name);
    expectSteps(values, change_indices);
  });

  test("four planted steps up and down are all found, with outliers between them", () => {
    const planted = [40, 75, 110, 160];
    const levels = [0, 6, -4, 2, 8];
    for (let seed = SEED; seed < SEED + 20; seed += 1) {
      const values = noise(200, seed).map((value, i) => value + (levels[planted.filter((at) => i >= at).length] ?? 0));
      for (const outlier of [20, 90, 130]) values[outlier] = (values[outlier] ?? 0) + 80;
      expectSteps(values, planted);
    }
  });

  test("a constant series has no step, and one with a single or two neighbouring outliers neither", () => {
    const constant = Array.from({ length: 100 }, () => 12.5);
    expect(changePoints(constant)).toEqual([]);
    expect(changePoints(constant.with(50, 1e9))).toEqual([]);
    expect(changePoints(constant.with(50, 1e9).with(51, 1e9))).toEqual([]);
    expect(changePoints(constant.with(99, 1e9))).toEqual([]);
  });

  test("any single outlier in noise makes no step", () => {
    const calm = noise(60, SEED);
    expect(changePoints(calm)).toEqual([]);
    fc.assert(
      fc.property(fc.nat(59), fc.double({ min: -1e6, max: 1e6, noNaN: true }), (at, value) => {
        expect(changePoints(calm.with(at, value))).toEqual([]);
      }),
    );
  });

  test("a counter that stays equal but for one step has exactly that step", () => {
    const counter = Array.from({ length: 40 }, (_, i) => (i < 17 ? 4096 : 4608));
    expect(changePoints(counter)).toEqual([{ index: 17, medianBefore: 4096, medianAfter: 4608, shift: 512 }]);
  });

  test("at most one series of noise in a hundred gets a false step", () => {
    for (const [count, series] of [
      [20, 1000],
      [100, 600],
    ] as const) {
      let withStep = 0;
      for (let i = 0; i < series; i += 1) if (changePoints(noise(count, SEED + i)).length > 0) withStep += 1;
      expect(withStep / series, `${count} points, seeds ${SEED} on`).toBeLessThanOrEqual(0.01);
    }
  });

  test("scale and origin of the series do not matter", () => {
    const { values } = published("mozilla_runs1");
    const indexes = (series: readonly number[]) => changePoints(series).map(({ index }) => index);
    fc.assert(
      fc.property(fc.integer({ min: -12, max: 12 }), fc.integer({ min: -1e6, max: 1e6 }), (exponent, origin) => {
        expect(indexes(values.map((value) => 2 ** exponent * (value + origin)))).toEqual(indexes(values));
      }),
      { numRuns: 30 },
    );
  });

  test("too short a series has no step, too long a one and one with gaps are refused", () => {
    expect(changePoints([1, 1, 1, 1, 9, 9, 9, 9, 9].slice(0, 2 * SEGMENT_POINTS_MIN - 1))).toEqual([]);
    expect(() => changePoints(Array.from({ length: SERIES_POINTS_MAX + 1 }, () => 1))).toThrow("at most 2000");
    expect(() => changePoints([1, Number.NaN])).toThrow("not finite");
  });
});
