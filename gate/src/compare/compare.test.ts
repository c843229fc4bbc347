import { describe, expect, test } from "vitest";
import { seededRandom } from "../statistics/random.ts";
import { compareAll, type Comparison, type ComparisonOutcome } from "./compare.ts";
import { pairOrder, type GpuStamp, type MeasuredPair, type ProcessStamp } from "./pair.ts";
import { COMPARE_POLICY, comparePolicyProblems } from "./policy.ts";
import { CLEAN, simulatedPairs } from "./testing.ts";

const QUIET = { processNoise: 0.002, drift: 0.002, wander: "walk" } as const;
const pairs = (count: number, slowdown: number, seed = 1) => simulatedPairs(count, slowdown, QUIET, seededRandom(seed));

function comparison(change: Partial<Comparison> = {}): Comparison {
  return {
    benchmark: "fib:time",
    cell: "cp312-linux-x86_64",
    unit: "s",
    better: "lower",
    boundBy: "both",
    baseline: "1.4.2",
    screened: pairs(6, 0),
    confirmed: null,
    identical: undefined,
    ...change,
  };
}

const judge = (change: Partial<Comparison> = {}): ComparisonOutcome =>
  compareAll([comparison(change)], COMPARE_POLICY)[0]!.outcome;

const stamped = (pair: MeasuredPair, stamp: ProcessStamp): MeasuredPair => ({
  ...pair,
  candidate: { ...pair.candidate, stamp },
});
const onGpu = (change: Partial<GpuStamp>): ProcessStamp => ({ ...CLEAN, gpu: { ...CLEAN.gpu!, ...change } });

describe("a comparison", () => {
  test("of equal code is unchanged, with the ratio and its interval around one", () => {
    const outcome = judge();
    expect(outcome.kind).toBe("unchanged");
    if (outcome.kind !== "unchanged") return;
    expect(outcome.effect.ratio.low).toBeLessThanOrEqual(1.01);
    expect(outcome.effect.ratio.high).toBeGreaterThanOrEqual(0.99);
    expect(outcome.effect.pairs).toBe(6);
  });

  test("without a baseline says so and judges nothing", () => {
    expect(judge({ baseline: null })).toEqual({ kind: "no-baseline" });
  });

  test("that is flagged waits for its confirmation, and regresses only when that agrees", () => {
    expect(judge({ screened: pairs(6, 0.1) })).toMatchObject({ kind: "needs-confirmation", why: "flagged" });
    expect(judge({ screened: pairs(6, 0.1), confirmed: pairs(10, 0, 2) }).kind).toBe("unchanged");
    const regressed = judge({ screened: pairs(6, 0.1), confirmed: pairs(10, 0.1, 2) });
    expect(regressed.kind).toBe("regressed");
    if (regressed.kind !== "regressed") return;
    expect(regressed.effect.ratio.estimate).toBeCloseTo(1.1, 2);
    expect(regressed.effect.ratio.low).toBeGreaterThan(1);
  });

  test("of a rate reads a fall as a regression and gives its ratio below one", () => {
    const outcome = judge({ better: "higher", unit: "B/s", screened: pairs(6, -0.1), confirmed: pairs(10, -0.1, 2) });
    expect(outcome.kind).toBe("regressed");
    if (outcome.kind !== "regressed") return;
    expect(outcome.effect.ratio.estimate).toBeCloseTo(0.9, 2);
    expect(outcome.effect.ratio.high).toBeLessThan(1);
    expect(outcome.effect.ratio.low).toBeLessThan(outcome.effect.ratio.estimate);
  });

  test("with too few pairs cannot tell; more pairs than asked for are not looked at", () => {
    expect(judge({ screened: pairs(5, 0.5) })).toMatchObject({
      kind: "cannot-tell",
      reason: "5 of 6 pairs were measured",
    });
    expect(judge({ screened: [...pairs(6, 0), ...pairs(6, 0.5)] }).kind).toBe("unchanged");
  });

  test("with a value of zero is invalid, not infinitely better", () => {
    const [first, ...rest] = pairs(6, 0);
    expect(judge({ screened: [{ ...first!, candidate: { ...first!.candidate, value: 0 } }, ...rest] })).toMatchObject({
      kind: "invalid",
    });
  });
});

describe("the order of the arms", () => {
  test("has to alternate: pairs in which one arm is nearly always first are invalid", () => {
    const always = pairs(6, 0).map((pair) => ({ ...pair, first: "baseline" as const }));
    expect(judge({ screened: always })).toMatchObject({
      kind: "invalid",
      reason: expect.stringContaining("first in 6 of 6 pairs") as string,
    });
    expect(judge({ screened: always.map((pair, i) => (i < 2 ? { ...pair, first: "candidate" } : pair)) }).kind).toBe(
      "unchanged",
    );
  });
});

describe("a policy", () => {
  test("that could never fail a candidate, or never decide, is named; the default one is sound", () => {
    expect(comparePolicyProblems(COMPARE_POLICY)).toEqual([]);
    expect(comparePolicyProblems({ ...COMPARE_POLICY, confirmPairs: 6 })).toEqual([
      expect.stringContaining(
        "confirm: 6 pairs have no lower bound at an error of 0.01, so that nothing is ever found; at least 7",
      ),
    ]);
    expect(comparePolicyProblems({ ...COMPARE_POLICY, confirmPairs: 7 })).toEqual([]);
    expect(comparePolicyProblems({ ...COMPARE_POLICY, worseMax: 0.02 })).toHaveLength(1);
  });
});

describe("contaminated pairs", () => {
  test.for<[string, ProcessStamp]>([
    ["2 other processes were on the GPU", onGpu({ otherProcesses: 2 })],
    [
      "the GPU ran at 1200 MHz of 1980 MHz (hw-thermal)",
      onGpu({ smClockMhz: { before: 1980, after: 1200 }, throttleReasons: ["hw-thermal"] }),
    ],
    ["the GPU's clock was not read", onGpu({ smClockMhz: null })],
    ["other processes on the GPU were not read", onGpu({ otherProcesses: null })],
    ["no GPU was read", { ...CLEAN, gpu: null }],
    ["other processes used 1.50 cores", { ...CLEAN, foreignCpu: 1.5 }],
    ["other processes on the host were not read", { ...CLEAN, foreignCpu: null }],
    ["the arms ran on different GPUs", onGpu({ uuid: "GPU-2" })],
    ["the arms ran on different drivers", onGpu({ driver: "575.1" })],
  ])("%s: measured again they do not count, not measured again the job is invalid", ([reason, stamp]) => {
    const clean = pairs(6, 0);
    const dirty = stamped(pairs(1, 3)[0]!, stamp);
    expect(judge({ screened: [dirty, ...clean] }).kind).toBe("unchanged");
    const invalid = judge({ screened: [dirty, ...clean.slice(1)] });
    expect(invalid.kind).toBe("invalid");
    if (invalid.kind === "invalid") expect(invalid.reason).toContain(reason);
  });

  test("more than three make the job invalid, however many clean ones there are", () => {
    const dirty = Array.from({ length: 4 }, () => stamped(pairs(1, 0)[0]!, onGpu({ otherProcesses: 1 })));
    expect(judge({ screened: [...dirty, ...pairs(6, 0)] }).kind).toBe("invalid");
    expect(judge({ screened: [...dirty.slice(1), ...pairs(6, 0)] }).kind).toBe("unchanged");
  });

  test("a busy host does not matter to a benchmark that waits for the GPU, nor a busy GPU to one on the host", () => {
    const busyHost = pairs(6, 0).map((pair) => stamped(pair, { ...CLEAN, foreignCpu: 4 }));
    expect(judge({ boundBy: "gpu", screened: busyHost }).kind).toBe("unchanged");
    const noGpu = pairs(6, 0).map((pair) => stamped(pair, onGpu({ otherProcesses: 4 })));
    expect(judge({ boundBy: "host", screened: noGpu }).kind).toBe("unchanged");
  });
});

describe("many benchmarks", () => {
  test("each regression carries its rate of false discoveries among all that were confirmed", () => {
    const comparisons = Array.from({ length: 10 }, (_, i) =>
      comparison({
        benchmark: `b${i}:time`,
        screened: pairs(6, 0.1, i),
        confirmed: pairs(10, i === 0 ? 0.1 : 0, i + 50),
      }),
    );
    const outcomes = compareAll(comparisons, COMPARE_POLICY).map(({ outcome }) => outcome);
    expect(outcomes.slice(1).every(({ kind }) => kind === "unchanged")).toBe(true);
    expect(outcomes[0]).toMatchObject({ kind: "regressed", discoveryRate: expect.closeTo(10 / 1024, 6) as number });
    const strict = { ...COMPARE_POLICY, falseDiscoveryMax: 0.005 };
    expect(compareAll(comparisons, strict)[0]?.outcome).toMatchObject({
      kind: "cannot-tell",
      reason: expect.stringContaining("1.0 % of such findings are chance") as string,
    });
  });

  test("10,000 with both looks are judged in under five seconds", () => {
    const [screened, confirmed] = [pairs(6, 0.1), pairs(10, 0.1, 2)];
    const comparisons = Array.from({ length: 10_000 }, (_, i) =>
      comparison({ benchmark: `b${i}:time`, screened, confirmed }),
    );
    const started = performance.now();
    const outcomes = compareAll(comparisons, COMPARE_POLICY);
    const tookMs = performance.now() - started;
    expect(outcomes.every(({ outcome }) => outcome.kind === "regressed")).toBe(true);
    expect(tookMs).toBeLessThan(5_000);
  });
});

test("pairs alternate which arm is first", () => {
  expect(pairOrder(4)).toEqual(["baseline", "candidate", "baseline", "candidate"]);
});
