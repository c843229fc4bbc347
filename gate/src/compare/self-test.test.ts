import { expect, test } from "vitest";
import { seededRandom } from "../statistics/random.ts";
import type { Comparison } from "./compare.ts";
import { COMPARE_POLICY } from "./policy.ts";
import { selfTest } from "./self-test.ts";
import { simulatedPairs } from "./testing.ts";

const SEED = 12;

function comparison(processNoise: number, change: Partial<Comparison> = {}): Comparison {
  const random = seededRandom(SEED);
  const machine = { processNoise, drift: 0.005, wander: "walk" } as const;
  return {
    benchmark: "fib:time",
    cell: "cp312-linux-x86_64",
    unit: "s",
    better: "lower",
    boundBy: "both",
    baseline: "1.4.2",
    screened: simulatedPairs(6, 0, machine, random),
    confirmed: simulatedPairs(10, 0, machine, random),
    identical: undefined,
    ...change,
  };
}

test("an injected slowdown of 10 % is caught on a quiet machine, by both looks and by the first alone", () => {
  expect(selfTest(comparison(0.005), 0.1, COMPARE_POLICY)).toMatchObject({
    caught: true,
    outcome: { kind: "regressed" },
  });
  expect(selfTest(comparison(0.005, { confirmed: null }), 0.1, COMPARE_POLICY)).toMatchObject({
    caught: true,
    outcome: { kind: "needs-confirmation" },
  });
  expect(selfTest(comparison(0.005, { better: "higher" }), 0.1, COMPARE_POLICY).caught).toBe(true);
});

test("on a machine that could not have shown it the self-test fails", () => {
  expect(selfTest(comparison(0.3), 0.05, COMPARE_POLICY).caught).toBe(false);
  expect(selfTest(comparison(0.005, { baseline: null }), 0.1, COMPARE_POLICY)).toEqual({
    caught: false,
    outcome: { kind: "no-baseline" },
  });
});

test("no slowdown is no test", () => {
  expect(() => selfTest(comparison(0.005), 0, COMPARE_POLICY)).toThrow("is none");
});
