import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { expectedTime } from "./expected-time.ts";
import { BENCH, planned, pythons, specWith } from "./testing.ts";

const MEANS = { build: 100, test: 10, bench: 5 };
/** Two Pythons, two values of an own axis: two builds, four tests. */
const PLAN = planned({
  spec: specWith({ python: pythons("3.10", "3.12"), own: [{ name: "backend", values: ["a", "b"] }] }),
});

describe("the expected time", () => {
  test("on one slot is all jobs one after the other", () => {
    expect(expectedTime(PLAN, MEANS, 1)).toEqual({ criticalPathMs: 110, totalMs: 240, expectedMs: 240 });
  });

  test("on two slots lets the builds run beside each other, and then the tests", () => {
    expect(expectedTime(PLAN, MEANS, 2)?.expectedMs).toBe(120);
  });

  test("on any number of slots is no less than the longest chain", () => {
    expect(expectedTime(PLAN, MEANS, 1000)?.expectedMs).toBe(110);
  });

  test("follows chains over several kinds", () => {
    const plan = planned({ spec: specWith({}, { bench: BENCH }) });
    expect(expectedTime(plan, MEANS, 8)).toEqual({ criticalPathMs: 115, totalMs: 115, expectedMs: 115 });
  });

  test("is not known when the mean of a kind is missing, and needs no mean of a kind that the plan has not", () => {
    expect(expectedTime(PLAN, { build: 1 }, 1)).toBeNull();
    expect(expectedTime(PLAN, { build: 1, test: 1 }, 1)).not.toBeNull();
  });

  test("lies between the bounds that hold for every list schedule (Graham 1969)", () => {
    const mean = fc.nat({ max: 1000 });
    fc.assert(
      fc.property(mean, mean, fc.integer({ min: 1, max: 6 }), (build, tested, slots) => {
        const time = expectedTime(PLAN, { build, test: tested }, slots);
        expect(time).not.toBeNull();
        const { criticalPathMs, totalMs, expectedMs } = time ?? { criticalPathMs: 0, totalMs: 0, expectedMs: -1 };
        expect(expectedMs).toBeGreaterThanOrEqual(Math.max(criticalPathMs, totalMs / slots));
        expect(expectedMs).toBeLessThanOrEqual(totalMs / slots + criticalPathMs * (1 - 1 / slots) + 1e-6);
      }),
    );
  });
});
