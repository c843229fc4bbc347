import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { benjaminiHochberg } from "./benjamini-hochberg.ts";
import { proportionInterval } from "./proportion.ts";
import { signedRankBounds, signedRankTest } from "./signed-rank.ts";

interface Reference {
  readonly scipy: string;
  readonly signedRank: readonly { x: number[]; greater: number; less: number }[];
  readonly tied: readonly { x: number[]; greater: number; less: number }[];
  readonly bounds: readonly {
    x: number[];
    alpha: number;
    estimate: number;
    lower: number | null;
    upper: number | null;
  }[];
  readonly discovery: readonly { p: number[]; adjusted: number[] }[];
  readonly proportions: readonly { k: number; n: number; low: number; high: number }[];
}

const reference = JSON.parse(
  readFileSync(new URL("./fixtures/scipy-reference.json", import.meta.url), "utf8"),
) as Reference;

const near = (actual: number, expected: number, tolerance: number): boolean =>
  actual === expected || Math.abs(actual - expected) <= tolerance * Math.max(1e-12, Math.abs(expected));

describe(`against SciPy ${reference.scipy}`, () => {
  test("there are at least a thousand cases", () => {
    const { signedRank, tied, bounds, discovery, proportions } = reference;
    expect([signedRank, tied, bounds, discovery, proportions].flat().length).toBeGreaterThanOrEqual(1_000);
  });

  test("exact signed-rank p-values agree", () => {
    for (const { x, greater, less } of [...reference.signedRank, ...reference.tied]) {
      const { pGreater, pLess, pTwoSided } = signedRankTest(x);
      expect(near(pGreater, greater, 1e-10), `${x.join(" ")}: greater ${pGreater}, SciPy ${greater}`).toBe(true);
      expect(near(pLess, less, 1e-10), `${x.join(" ")}: less ${pLess}, SciPy ${less}`).toBe(true);
      expect(near(pTwoSided, Math.min(1, 2 * Math.min(greater, less)), 1e-10)).toBe(true);
    }
  });

  test("estimates and bounds are where SciPy's test turns from rejecting to not rejecting", () => {
    for (const { x, alpha, estimate, lower, upper } of reference.bounds) {
      const ours = signedRankBounds(x, alpha);
      expect(ours.estimate).toBeCloseTo(estimate, 12);
      if (lower === null) expect(ours.lower).toBe(-Infinity);
      else expect(ours.lower, `${x.join(" ")} at ${alpha}`).toBeCloseTo(lower, 12);
      if (upper === null) expect(ours.upper).toBe(Infinity);
      else expect(ours.upper, `${x.join(" ")} at ${alpha}`).toBeCloseTo(upper, 12);
    }
  });

  test("false-discovery-adjusted p-values agree", () => {
    for (const { p, adjusted } of reference.discovery) {
      for (const [i, ours] of benjaminiHochberg(p).entries()) expect(ours).toBeCloseTo(adjusted[i] ?? Number.NaN, 12);
    }
  });

  test("exact intervals of proportions agree", () => {
    for (const { k, n, low, high } of reference.proportions) {
      const ours = proportionInterval(k, n, 0.95);
      expect(near(ours.lower, low, 1e-9), `${k} of ${n}: ${ours.lower}, SciPy ${low}`).toBe(true);
      expect(near(ours.upper, high, 1e-9), `${k} of ${n}: ${ours.upper}, SciPy ${high}`).toBe(true);
    }
  });
});
