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

test("50 agents that lost their coordinator at one moment do not come back at one moment", () => {
  const agents = fc.array(fc.integer({ min: 0, max: 2 ** 31 }), { minLength: 50, maxLength: 50 });
  fc.assert(
    fc.property(agents, fc.integer({ min: 2_000, max: 60_000 }), (seeds, awayMs) => {
      const backAtMs = seeds.map((seed) => {
        const random = generator(seed);
        let nowMs = 0;
        for (let failures = 1; nowMs < awayMs; failures++) nowMs += backoffMs(failures, random(), LIMITS);
        return nowMs - awayMs;
      });
      const perTenth = Map.groupBy(backAtMs, (ms) => Math.floor(ms / 100));
      expect(Math.max(...[...perTenth.values()].map((some) => some.length))).toBeLessThanOrEqual(20);
      expect(Math.max(...backAtMs)).toBeLessThanOrEqual(5_000);
    }),
    { numRuns: 50 },
  );
});

/** Numbers in [0, 1) by a seed (mulberry32, public domain). */
function generator(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
