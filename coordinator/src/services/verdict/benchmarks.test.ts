import { expect, test } from "vitest";
import { servicesInFolder } from "../testing.ts";
import { endJobs, judgedRun, measured, outcomes, verdictOf, type JobEnd } from "./testing.ts";

const SPEC = "bench: {command: python bench.py, format: kiln}\n";

test("a slowdown is measured again before anything is judged, and stops the candidate when it is confirmed", async () => {
  await using services = await servicesInFolder();
  const run = await judgedRun(services, { spec: SPEC }, { bench: measured(6, 1.1) });
  // The second look is a job of the run like any other: it is not finished, and has no verdict.
  expect(await services.store.run(run)).toMatchObject({ state: "running", verdict: null });
  expect(await services.store.job(run, 2)).toMatchObject({ kind: "bench", state: "assigned", attempts: 2 });
  const again = await services.restart();
  await again.judge.idle();
  await endJobs(again, run, { bench: measured(10, 1.1) });
  await again.judge.idle();
  const view = await verdictOf(again, run);
  expect(view).toMatchObject({ verdict: "fail", decidedBy: "G22" });
  expect(view.comparisons).toMatchObject([
    { benchmark: "fib:time", baseline: "1.3.2", outcome: "regressed", effect: { pairs: 10 } },
  ]);
  expect(await again.store.job(run, 2)).toMatchObject({ attempts: 2 });
});

/** A profile of both arms: the kernel reads so many bytes in each. */
function profiled(bytes: Readonly<Record<"baseline" | "candidate", number>>): JobEnd {
  const arms = ["baseline", "candidate"] as const;
  const table = (value: number): string =>
    [
      '"ID","Kernel Name","Block Size","Grid Size","Device","CC","dram__bytes_op_read.sum"',
      '"","","","","","","byte"',
      `"4","gemm(float *)","(256, 1, 1)","(8, 1, 1)","0","10.0","${value}"\n`,
    ].join("\n");
  return {
    artifacts: Object.fromEntries(
      arms.map((arm) => [`${arm}.csv`, { role: "profile-metrics", bytes: Buffer.from(table(bytes[arm])) }]),
    ),
    reports: [
      {
        ...{ kind: "measure", baseline: "1.3.2" },
        processes: arms.map((arm) => ({
          ...{ arm, pair: 1, exitCode: 0, durationMs: 9, stamp: { gpu: null, foreignCpu: null }, disturbed: "" },
          files: [`${arm}.ncu-rep`, `${arm}.csv`],
          kernels: [{ launches: [4], architecture: "100a", sha256: "c".repeat(64), file: "demo/_C.so" }],
        })),
      },
    ],
  };
}

test("a confirmed regression has the counters of its cell's profile, by the chip's own names", async () => {
  await using services = await servicesInFolder();
  const spec = `${SPEC}profile: {command: python bench.py}\n`;
  const profile = profiled({ baseline: 100e6, candidate: 180e6 });
  const run = await judgedRun(services, { spec }, { bench: measured(6, 1.1), profile });
  await endJobs(services, run, { bench: measured(10, 1.1) });
  await services.judge.idle();
  const view = await verdictOf(services, run);
  expect(view).toMatchObject({ verdict: "fail", decidedBy: "G22" });
  const { evidence } = view.gates.find(({ id }) => id === "G22") ?? {};
  expect(evidence).toMatchObject([
    { what: "fib:time in cp312-linux-x86_64" },
    {
      ...{ kind: "measured", value: 180e6, unit: "B", limit: "was 100000000" },
      text: "cp312-linux-x86_64: dram__bytes_op_read.sum of gemm(float *) (8, 1, 1)×(256, 1, 1) (unchanged binary) rose by 80.0 %",
    },
  ]);
});

test("what a second look does not find does not stop it, and no third one is made", async () => {
  await using services = await servicesInFolder();
  const run = await judgedRun(services, { spec: SPEC }, { bench: measured(6, 1.1) });
  await endJobs(services, run, { bench: measured(10, 1) });
  await services.judge.idle();
  expect(await verdictOf(services, run)).toMatchObject({ verdict: "pass", comparisons: [{ outcome: "unchanged" }] });
});

test("a second look that reports nothing leaves the candidate undecided", async () => {
  await using services = await servicesInFolder();
  const run = await judgedRun(services, { spec: SPEC }, { bench: measured(6, 1.1) });
  await endJobs(services, run, { bench: {} });
  await services.judge.idle();
  expect(await verdictOf(services, run)).toMatchObject({ verdict: "inconclusive", decidedBy: "G22" });
});

test("the first candidate of a farm has nothing to be compared with, and passes with that said", async () => {
  await using services = await servicesInFolder();
  const run = await judgedRun(services, { spec: SPEC }, { bench: measured(6, 1, null) });
  const view = await verdictOf(services, run);
  expect(outcomes(view)).toContain("G22 pass");
  expect(view.gates.find(({ id }) => id === "G22")?.reason).toContain("have no baseline, which a first release may");
});

const INDEX_SPEC = "bench: {command: python bench.py, format: kiln, baseline: index}\n";

test("a second look is beside the very file of the package index that the first one was, and the verdict names it", async () => {
  await using services = await servicesInFolder();
  const sha256 = "5".repeat(64);
  const baselineFile = { run: null, commit: null, filename: "demo-1.3.2-py3-none-any.whl", sha256 };
  const look = (pairs: number): JobEnd => measured(pairs, 1.1, "1.3.2", { baselineFile });
  const run = await judgedRun(services, { spec: INDEX_SPEC }, { bench: look(6) });
  const work = await services.bus.until(({ key }) => key.run === run && key.job === 2 && key.attempt === 2);
  expect(work).toMatchObject({ measure: { baseline: { kind: "index", version: "1.3.2", sha256 } } });
  await endJobs(services, run, { bench: look(10) });
  await services.judge.idle();
  const view = await verdictOf(services, run);
  expect(view.comparisons).toMatchObject([{ baseline: "1.3.2", baselineFile, outcome: "regressed" }]);
  const told = view.gates.find(({ id }) => id === "G22")?.evidence[0];
  expect(told).toMatchObject({ text: expect.stringContaining("against 1.3.2 (package index)") as string });
});

test("a second look beside another file than the first is no evidence", async () => {
  await using services = await servicesInFolder();
  const look = (pairs: number, digit: string): JobEnd => {
    const baselineFile = { run: null, commit: null, filename: "demo-1.3.2.whl", sha256: digit.repeat(64) };
    return measured(pairs, 1.1, "1.3.2", { baselineFile });
  };
  const run = await judgedRun(services, { spec: INDEX_SPEC }, { bench: look(6, "5") });
  await endJobs(services, run, { bench: look(10, "6") });
  await services.judge.idle();
  const view = await verdictOf(services, run);
  expect(view).toMatchObject({ verdict: "inconclusive", comparisons: [{ outcome: "invalid" }] });
});

test.for([
  [true, "pass", "have no baseline, which a first release may"],
  [false, "not-run", "no baseline"],
] as const)("of an index that has no baseline, its not knowing the project (%s) makes G22 %s", async (row) => {
  const [unknownProject, outcome, reason] = row;
  await using services = await servicesInFolder();
  const noBaseline = { reason: "there is no wheel of demo", unknownProject };
  const run = await judgedRun(services, { spec: INDEX_SPEC }, { bench: measured(6, 1, null, { noBaseline }) });
  const view = await verdictOf(services, run);
  expect(view.comparisons[0]?.reason).toContain(noBaseline.reason);
  const gate = view.gates.find(({ id }) => id === "G22");
  expect(gate).toMatchObject({ outcome, reason: expect.stringContaining(reason) as string });
});
