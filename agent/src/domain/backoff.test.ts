import fc from "fast-check";
import { expect, test } from "vitest";
import { backoffMs } from "./backoff.ts";

const LIMITS = { baseMs: 100, capMs: 5_000 };

test("a wait is never shorter than half the base nor longer than the cap", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 10_000 }),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      (n, random) => {
        const ms = backoffMs(n, random, LIMITS);
        expect(ms).toBeGreaterThanOrEqual(50);
        expect(ms).toBeLessThanOrEqual(5_000);
      },
    ),
  );
});

test("the range doubles with every failure up to the cap", () => {
  expect([1, 2, 3, 7, 50].map((n) => backoffMs(n, 0.999_999, LIMITS))).toEqual([100, 200, 400, 5_000, 5_000]);
});
