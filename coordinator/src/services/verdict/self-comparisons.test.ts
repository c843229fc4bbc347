import { pino } from "pino";
import { expect, test } from "vitest";
import { TESTER } from "../../domain/testing.ts";
import { SelfComparisonSchedule } from "../self-comparison-schedule.ts";
import { servicesInFolder, type Services } from "../testing.ts";
import { endJobs, judgedRun, measured, verdictOf } from "./testing.ts";

const SPEC = "bench: {command: python bench.py, format: kiln}\n";
const HOUR_MS = 3_600_000;

async function compareWithItself(services: Services, of: number): Promise<number> {
  const outcome = await services.commands.compareWithItself(of, TESTER);
  if (!outcome.ok) throw new Error(JSON.stringify(outcome));
  return outcome.run;
}

/** A run against itself in which the second arm seems to take so many times as long, in both looks. */
async function endSelfComparison(services: Services, run: number, slower: number): Promise<void> {
  await endJobs(services, run, { bench: measured(6, slower, "1.4.0") });
  await services.judge.idle();
  if ((await services.store.run(run))?.state === "finished") return;
  await endJobs(services, run, { bench: measured(10, slower, "1.4.0") });
  await services.judge.idle();
}

test("a release is measured against its own wheel, which is not built again", async () => {
  await using services = await servicesInFolder();
  const of = await judgedRun(services, { spec: SPEC }, { bench: measured(6, 1) });
  const run = await compareWithItself(services, of);
  const work = await services.bus.until(({ key }) => key.run === run);
  expect(work).toMatchObject({ kind: "bench", measure: { pairs: 6 } });
  if (work.kind !== "bench") throw new Error("unreachable");
  const { wheel } = work;
  expect(work.measure.baseline).toMatchObject({ kind: "wheel", version: "1.4.0", run: `r${run}`, wheel });
  expect(await services.store.jobs(run)).toMatchObject([
    { kind: "build", reusedFrom: { run: of } },
    { kind: "bench", state: "assigned" },
  ]);
});

test("its false alarms are counted beside the verdict, with their interval, and survive a restart", async () => {
  await using services = await servicesInFolder();
  const of = await judgedRun(services, { spec: SPEC }, { bench: measured(6, 1) });
  const before = await verdictOf(services, of);
  expect(before.falsePositives).toMatchObject([{ comparisons: 0, share: null }]);
  for (const slower of [1, 1.1, 1, 1]) {
    await endSelfComparison(services, await compareWithItself(services, of), slower);
  }
  const again = await services.restart();
  const view = await verdictOf(again, of);
  // 1 of 4, by Clopper and Pearson: 0.63 % … 80.6 %, as published tables have it.
  expect(view.falsePositives).toEqual([
    {
      machine: before.falsePositives[0]?.machine,
      ...{ comparisons: 4, stopped: 1, undecided: 0 },
      share: { estimate: 0.25, low: expect.closeTo(0.0063, 4) as number, high: expect.closeTo(0.8059, 4) as number },
    },
  ]);
  await again.selfBoard.idle();
  const { text } = await again.metrics.scrape();
  expect(text).toMatch(/kiln_bench_false_positive_ratio\{project="demo",machine="[^"]+"\} 0.25/);
  expect(text).toMatch(/kiln_bench_self_comparisons\{project="demo",machine="[^"]+"\} 4/);
  // The next candidate is told how often its gate was wrong.
  const next = await judgedRun(again, { spec: SPEC }, { bench: measured(6, 1) });
  const gate = (await verdictOf(again, next)).gates.find(({ id }) => id === "G22");
  expect(JSON.stringify(gate?.evidence)).toContain("against itself it was stopped in 1 of 4 runs");
});

test("a run against itself is no release: it has no verdict, is no baseline, and metrics do not show it as one", async () => {
  await using services = await servicesInFolder();
  const of = await judgedRun(services, { spec: SPEC }, { bench: measured(6, 1) });
  const run = await compareWithItself(services, of);
  await endSelfComparison(services, run, 1.1);
  expect(await services.store.run(run)).toMatchObject({ state: "finished", verdict: "inconclusive" });
  expect((await services.store.run(run))?.reason).toMatch(/^r1 against itself: the gate would have stopped 1 of 1/);
  expect(await services.verdicts.verdict(run)).toMatchObject({ ok: false, reason: "not-judged" });
  expect(await services.store.lastFinishedRun("demo")).toBe(of);
  await services.board.idle();
  expect((await services.metrics.scrape()).text).toMatch(
    /kiln_verdict\{project="demo",release="1.4.0",verdict="pass"\} 1/,
  );
});

test.for([
  ["that is not there", async () => 99, "no-such-run", ""],
  [
    "without benchmarks",
    (services: Services) => judgedRun(services, { spec: "" }),
    "cannot-compare",
    "r1 has no bench jobs",
  ],
  [
    "that compares a release with itself",
    async (services: Services) =>
      compareWithItself(services, await judgedRun(services, { spec: SPEC }, { bench: measured(6, 1) })),
    "cannot-compare",
    "r2 is",
  ],
] as const)("a run %s is refused in words", async ([, made, reason, says]) => {
  await using services = await servicesInFolder();
  const outcome = await services.commands.compareWithItself(await made(services), TESTER);
  expect(outcome).toMatchObject({ ok: false, reason });
  expect(JSON.stringify(outcome)).toContain(says);
});

test("an idle farm compares its newest release with itself when that is due, and not while it has work", async () => {
  await using services = await servicesInFolder();
  const { farm, store, commands } = services;
  let nowMs = 1_000_000;
  const parts = {
    ...{ farm, store, selfComparisons: store.selfComparisons, clock: { nowMs: () => nowMs } },
    commands,
    log: pino({ level: "silent" }),
  };
  const schedule = new SelfComparisonSchedule(parts, 24 * HOUR_MS);
  expect(await schedule.look(), "there is no release").toBe(false);
  const of = await judgedRun(services, { spec: SPEC }, { bench: measured(6, 1) });
  nowMs += 23 * HOUR_MS;
  expect(await schedule.look(), "it is not due").toBe(false);
  nowMs += 2 * HOUR_MS;
  expect(await new SelfComparisonSchedule(parts, 0).look(), "it is turned off").toBe(false);
  expect(await schedule.look()).toBe(true);
  expect(await schedule.look(), "the farm is at work").toBe(false);
  await endSelfComparison(services, of + 1, 1);
  expect(await store.run(of + 1)).toMatchObject({ selfComparisonOf: of, priority: -100 });
  const rates = await store.selfComparisons.rates("demo", 10);
  expect(rates).toMatchObject([{ comparisons: 1, stopped: 0 }]);
});
