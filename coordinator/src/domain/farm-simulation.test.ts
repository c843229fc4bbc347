import { expect, test } from "vitest";
import { lowerBoundMs, simulate, type SimulatedAgent, type SimulatedRun } from "./testing-simulation.ts";
import { mixedFarm, mixedLoad, requirementOf } from "./testing-load.ts";

const SEED = 20_261_121;

test("50,000 jobs of mixed kinds on 1,000 agents, some on GPUs and some with machines to themselves, take at most 1.10 of the shortest time that any schedule could take", () => {
  const agents = mixedFarm(1_000);
  const runs = mixedLoad(100, 500, SEED);
  const { decisions, makespanMs, looksMax } = simulate(agents, runs);
  expect(decisions).toBe(50_000);
  expect(makespanMs / lowerBoundMs(agents, runs)).toBeLessThan(1.1);
  // A look takes well under a microsecond: so many are far from the 50 ms that a decision may take.
  expect(looksMax).toBeLessThan(20_000);
}, 120_000);

test("a small run that comes last is served like the large ones before it", () => {
  const agents = mixedFarm(100);
  const small = { submittedAtMs: 30 * 60_000, jobs: mixedLoad(1, 10, SEED + 1)[0]!.jobs };
  const { runMs } = simulate(agents, [...mixedLoad(10, 500, SEED), small]);
  // Its own longest chain, and a wait for a running job before each of the two.
  const longest = Math.max(...small.jobs.map(({ durationMs }) => durationMs));
  expect(runMs.at(-1)).toBeLessThan(5 * longest);
  expect(Math.min(...runMs.slice(0, 10))).toBeGreaterThan(2 * runMs.at(-1)!);
});

test("jobs that need no GPU are served though GPU jobs never end, where every agent has a GPU", () => {
  const gpu = { model: "NVIDIA H100 80GB HBM3", computeCapability: "9.0", count: 1 };
  const agents = [0, 1].map((index): SimulatedAgent => ({
    name: `a${index}`,
    slots: 1,
    platform: "linux-x86_64",
    pythons: ["3.12"],
    gpu,
  }));
  const plain = requirementOf("test", "linux-x86_64", "3.12", null);
  const onGpu = requirementOf("bench", "linux-x86_64", "3.12", "9.0");
  const stream = Array.from({ length: 50 }, (_, index): SimulatedRun => ({
    submittedAtMs: index * 1_000,
    jobs: Array.from({ length: 4 }, () => ({ requirement: onGpu, needs: null, durationMs: 1_000 })),
  }));
  const waiting: SimulatedRun = {
    submittedAtMs: 10_000,
    jobs: [{ requirement: plain, needs: null, durationMs: 1_000 }],
  };
  const { firstStartMs, makespanMs } = simulate(agents, stream.toSpliced(11, 0, waiting));
  expect(makespanMs).toBeGreaterThan(100_000);
  // Ten runs of two seconds each came before it, one a second.
  expect(firstStartMs[11]).toBeLessThan(25_000);
});

test("a benchmark gets a machine in bounded time though others fill it without end, and they are served beside it", () => {
  const agents: readonly SimulatedAgent[] = [
    { name: "a0", slots: 4, platform: "linux-x86_64", pythons: ["3.12"], gpu: null },
  ];
  const plain = requirementOf("test", "linux-x86_64", "3.12", null);
  const bench = requirementOf("bench", "linux-x86_64", "3.12", null);
  const jobs = (requirement: typeof plain, count: number) =>
    Array.from({ length: count }, () => ({ requirement, needs: null, durationMs: 60_000 }));
  // Four and a half slots' worth of work for four slots, a benchmark every ten minutes.
  const stream = Array.from({ length: 90 }, (_, minute): SimulatedRun => ({
    submittedAtMs: minute * 60_000,
    jobs: [...jobs(plain, minute % 2 === 0 ? 4 : 5), ...jobs(bench, minute % 10 === 0 ? 1 : 0)],
  }));
  const { waitMs } = simulate(agents, stream);
  const isBench = (run: number, job: number): boolean => stream[run]?.jobs[job]?.requirement.kind === "bench";
  const benches = waitMs.flatMap((run, number) => run.filter((_, job) => isBench(number, job)));
  expect(benches).toHaveLength(9);
  // Two minutes of patience, and one job of those that run on it.
  expect(Math.max(...benches)).toBeLessThanOrEqual(4 * 60_000);
});

test("a run of low priority goes on beside an endless one of the highest", () => {
  const agents: readonly SimulatedAgent[] = [
    { name: "a0", slots: 2, platform: "linux-x86_64", pythons: ["3.12"], gpu: null },
  ];
  const plain = requirementOf("test", "linux-x86_64", "3.12", null);
  const stream = Array.from({ length: 300 }, (_, minute): SimulatedRun => ({
    submittedAtMs: minute * 60_000,
    priority: 100,
    jobs: Array.from({ length: 3 }, () => ({ requirement: plain, needs: null, durationMs: 60_000 })),
  }));
  const low: SimulatedRun = {
    submittedAtMs: 0,
    priority: -100,
    jobs: Array.from({ length: 5 }, () => ({ requirement: plain, needs: null, durationMs: 60_000 })),
  };
  const { waitMs } = simulate(agents, [low, ...stream]);
  // It starves for ten minutes at a time, and then one of its jobs goes before all others.
  expect(Math.max(...(waitMs[0] ?? []))).toBeLessThan(5 * 12 * 60_000);
});
