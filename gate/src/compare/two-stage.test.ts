import { describe, expect, test } from "vitest";
import { summariseIdenticalRuns, type IdenticalRun } from "../statistics/identical-runs.ts";
import { normal, seededRandom, type Random } from "../statistics/random.ts";
import type { MeasuredPair } from "./pair.ts";
import { COMPARE_POLICY, type ComparePolicy } from "./policy.ts";
import { simulatedPairs, type Machine } from "./testing.ts";
import { confirm, screen, worseBy, type FirstLook, type SecondLook } from "./two-stage.ts";

const SEED = 20_261_121;

const differences = (pairs: readonly MeasuredPair[]) =>
  pairs.map(({ baseline, candidate }) => worseBy(baseline.value, candidate.value, "lower"));

type Look = FirstLook | SecondLook;

/** Both looks, with a history of the same machine. */
function gate(slowdown: number, machine: Machine, random: Random, deviation: number, policy = COMPARE_POLICY): Look {
  const first = screen(differences(simulatedPairs(policy.screenPairs, slowdown, machine, random)), policy);
  if (first.says !== "confirm") return first;
  const identical = { runs: 20, stopped: 0, falsePositives: { rate: 0, lower: 0, upper: 0.17 }, deviation };
  return confirm(differences(simulatedPairs(policy.confirmPairs, slowdown, machine, random)), identical, policy);
}

function historyOf(runs: number, machine: Machine, random: Random, policy: ComparePolicy): IdenticalRun[] {
  return Array.from({ length: runs }, () => {
    const look = gate(0, machine, random, 0, policy);
    return { estimate: look.change.estimate, stopped: look.says === "regressed" };
  });
}

function share(runs: number, says: Look["says"], run: () => Look): number {
  let count = 0;
  for (let i = 0; i < runs; i += 1) if (run().says === says) count += 1;
  return count / runs;
}

describe(`the two-stage gate in simulation, seed ${SEED}`, () => {
  test.for([
    { noise: 1, drift: 2, wander: "walk", power: 0.8 },
    { noise: 1, drift: 2, wander: "ramp", power: 0.8 },
    { noise: 1, drift: 2, wander: "jumps", power: 0.8 },
    { noise: 0.5, drift: 1, wander: "walk", power: 0.9 },
    { noise: 0.5, drift: 1, wander: "ramp", power: 0.9 },
    { noise: 0.5, drift: 1, wander: "jumps", power: 0.9 },
  ] as const)(
    "with process noise $noise % and drift $drift % ($wander) at most 0.5 % of unchanged candidates are stopped, and a 5 % slowdown with power $power",
    ({ noise, drift, wander, power }) => {
      const machine: Machine = { processNoise: noise / 100, drift: drift / 100, wander };
      const random = seededRandom(SEED);
      const deviation =
        summariseIdenticalRuns(historyOf(200, machine, random, COMPARE_POLICY))?.deviation ?? Number.NaN;
      const falsePositives = share(5_000, "regressed", () => gate(0, machine, random, deviation));
      const found = share(1_000, "regressed", () => gate(0.05, machine, random, deviation));
      const said = `seed ${SEED}: false positives ${falsePositives}, power ${found}, deviation ${deviation.toFixed(4)}`;
      expect(falsePositives, said).toBeLessThanOrEqual(0.005);
      expect(found, said).toBeGreaterThanOrEqual(power);
    },
  );

  test("a candidate that is 1 % slower is let through, one that is 10 % slower is always stopped", () => {
    const machine: Machine = { processNoise: 0.01, drift: 0.02, wander: "walk" };
    const random = seededRandom(SEED);
    expect(share(500, "regressed", () => gate(0.01, machine, random, 0.005))).toBeLessThan(0.05);
    expect(share(500, "regressed", () => gate(0.1, machine, random, 0.005))).toBe(1);
  });

  test("on a machine that is too noisy it says that it cannot tell, and does not pass a 5 % slowdown", () => {
    const machine: Machine = { processNoise: 0.08, drift: 0.02, wander: "walk" };
    const random = seededRandom(SEED);
    expect(share(500, "unchanged", () => gate(0.05, machine, random, 0.03))).toBeLessThanOrEqual(0.1);
    expect(share(500, "cannot-tell", () => gate(0.05, machine, random, 0.03))).toBeGreaterThan(0.5);
  });

  test("the false-positive rate reported from a history agrees with the simulated one", () => {
    // So lenient that it fires often: a rate that is never seen cannot be compared.
    const lenient = { ...COMPARE_POLICY, screenAlpha: 0.3, confirmAlpha: 0.2, screenChangeMin: 0, confirmChangeMin: 0 };
    const machine: Machine = { processNoise: 0.01, drift: 0.02, wander: "walk" };
    const truth = share(20_000, "regressed", () => gate(0, machine, seededRandomOf(), 0, lenient));
    expect(truth).toBeGreaterThan(0.03);
    // Of 40 histories with 95 % intervals, at least 34 hold the truth but for one chance in 600.
    let held = 0;
    for (let i = 0; i < 40; i += 1) {
      const summary = summariseIdenticalRuns(historyOf(150, machine, seededRandom(SEED + 100 + i), lenient));
      if (summary && summary.falsePositives.lower <= truth && truth <= summary.falsePositives.upper) held += 1;
    }
    expect(held, `seed ${SEED}, truth ${truth}`).toBeGreaterThanOrEqual(34);
  });
});

let next = SEED;
function seededRandomOf(): Random {
  next += 1;
  return seededRandom(next);
}

describe("the looks", () => {
  const around = (centre: number, count: number, scatter = 0.001) => {
    const random = seededRandom(SEED);
    return Array.from({ length: count }, () => centre + scatter * normal(random));
  };

  test("a clear slowdown is flagged and not failed by the first look alone", () => {
    expect(screen(around(0.1, 6), COMPARE_POLICY)).toMatchObject({ says: "confirm", why: "flagged" });
  });

  test("a slowdown that is clear but under the threshold is unchanged", () => {
    expect(screen(around(0.01, 6), COMPARE_POLICY).says).toBe("unchanged");
    expect(confirm(around(0.015, 10), undefined, COMPARE_POLICY).says).toBe("unchanged");
  });

  test("a cell that differs from itself by 2 % does not fail a candidate for 5 %", () => {
    const identical = { runs: 30, stopped: 0, falsePositives: { rate: 0, lower: 0, upper: 0.1 }, deviation: 0.02 };
    expect(confirm(around(0.048, 10), undefined, COMPARE_POLICY).says).toBe("regressed");
    expect(confirm(around(0.048, 10, 0.004), identical, COMPARE_POLICY)).toMatchObject({
      says: "cannot-tell",
      seenMin: 0.06,
    });
  });

  test("a lower rate is worse where higher is better", () => {
    expect(worseBy(100, 90, "higher")).toBeGreaterThan(0);
    expect(worseBy(100, 90, "lower")).toBeLessThan(0);
  });

  test("clearly better is improved at either look", () => {
    expect(screen(around(-0.1, 6), COMPARE_POLICY).says).toBe("improved");
    expect(confirm(around(-0.1, 10), undefined, COMPARE_POLICY).says).toBe("improved");
  });
});
