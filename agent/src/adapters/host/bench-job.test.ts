import { job as wire, results } from "@kiln/proto";
import { temporaryFolder } from "@kiln/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Interpreter } from "../../domain/interpreter.ts";
import type { BenchWork, Blob, Job, MeasureWork } from "../../domain/job.ts";
import { HostBench, type RunResult } from "../../testing/host-bench.ts";
import { packPurePackage } from "../../testing/pure-package.ts";
import { startRunIndex, type RunIndexServer } from "../../testing/run-index-server.ts";
import { readPythons } from "../inventory/read-pythons.ts";

const { Outcome } = wire;

const shared = temporaryFolder();
const { pythons } = await readPythons(process.env, `${shared.path}/pythons.json`);
const newest = pythons.at(-1) as Interpreter;
if (!newest) console.warn("skipped: this machine has no usable CPython");

/** Writes what the environment's package answers, so that a test sees whose it was. */
const COMMAND =
  "python -c \"import json, kiln_pure, os; json.dump({'answer': kiln_pure.ANSWER}, open(os.path.join(os.environ['KILN_RESULTS'], 'bench.json'), 'w')); print(os.environ['KILN_ARM'])\"";

describe.skipIf(!newest || process.platform === "win32")("a bench job", { timeout: 60_000 }, () => {
  const stack = new AsyncDisposableStack();
  stack.use(shared);
  let index: RunIndexServer;
  let bench: HostBench;
  let source: Blob;
  let wheel: Blob;
  let baseline: Blob;

  beforeAll(async () => {
    index = stack.use(await startRunIndex());
    bench = stack.use(new HostBench(pythons, { tools: `${shared.path}/tools`, indexes: index.access }));
    source = bench.blobs.add(packPurePackage(shared.path));
    wheel = await build("2.0", "43");
    baseline = await build("1.0", "42");
    index.projects.set("kiln-pure", [{ filename: wheel.filename, bytes: bench.blobs.get(wheel.sha256) as Buffer }]);
  }, 120_000);
  afterAll(() => stack.disposeAsync());

  /** Wheels of one project whose package answers differently. */
  async function build(version: string, answer: string): Promise<Blob> {
    const init = { "src/kiln_pure/__init__.py": `ANSWER = ${answer}\n` };
    const work: Job["work"] = {
      kind: "build",
      source: bench.blobs.add(packPurePackage(shared.path, init)),
      ...{ frontend: "pip", configSettings: {}, wheel: null, checkReproducible: false },
      candidate: { name: "kiln-pure", version: null },
    };
    const { artifacts, log } = await bench.run({ ...job(work), env: { KILN_PURE_VERSION: version } });
    const blob = artifacts[0]?.blob;
    if (!blob) throw new Error(`the wheel was not built: ${log}`);
    return { sha256: blob.sha256, sizeBytes: Number(blob.sizeBytes), filename: blob.filename };
  }

  function job(work: Job["work"]): Job {
    const limits = { timeoutMs: 60_000, logBytesMax: 1_000_000 };
    return { name: "job", python: newest.feature, env: {}, limits, work };
  }

  function run(
    command: string,
    changes: { readonly bench?: Partial<BenchWork>; readonly work?: Partial<MeasureWork> } = {},
  ): Promise<RunResult> {
    const how: BenchWork = {
      ...{ kind: "bench", pairs: 2, pairsAgainMax: 0, boundBy: "host", results: "*.json" },
      ...{ clockShareMin: 0.75, foreignCpuMax: 1_000 },
      ...changes.bench,
    };
    const work: MeasureWork = {
      ...{ kind: "measure", wheel, candidate: { name: "kiln-pure", version: "2.0" }, requires: [], index: "any" },
      ...{ torch: null, check: { kind: "command", command, source, files: [] } },
      baseline: { kind: "wheel", version: "1.0", wheel: baseline, run: "r7", commit: null },
      how,
      ...changes.work,
    };
    return bench.run(job(work));
  }

  function armsOf({ measureReport }: RunResult): readonly (readonly [string, number])[] {
    return (measureReport?.processes ?? []).map(({ arm, pair }) => [
      arm === results.Arm.BASELINE ? "baseline" : "candidate",
      pair,
    ]);
  }

  test("measures each arm in its own environment, after a warm-up, in ABBA order, and keeps every sample", async () => {
    const ran = await run(COMMAND);
    expect(ran.finished).toMatchObject({ outcome: Outcome.PASSED });
    expect(armsOf(ran)).toEqual([
      ["baseline", 0],
      ["candidate", 0],
      ["baseline", 1],
      ["candidate", 1],
      ["candidate", 2],
      ["baseline", 2],
    ]);
    const kept = ran.artifacts.filter(({ role }) => role === "benchmark").map(({ blob }) => blob as wire.BlobRef);
    const answers = kept.map(({ filename, sha256 }) => [
      filename,
      JSON.parse(String(bench.blobs.get(sha256))) as unknown,
    ]);
    expect(Object.fromEntries(answers)).toEqual({
      "pair-1-baseline-bench.json": { answer: 42 },
      "pair-1-candidate-bench.json": { answer: 43 },
      "pair-2-baseline-bench.json": { answer: 42 },
      "pair-2-candidate-bench.json": { answer: 43 },
    });
    expect(ran.measureReport?.baseline).toBe("1.0");
    expect(ran.measureReport?.processes[2]).toMatchObject({ files: ["pair-1-baseline-bench.json"], exitCode: 0 });
  });

  test("reads the CPU that others used meanwhile, where the system tells", async ({ skip }) => {
    skip(process.platform !== "linux", "only Linux tells it without asking every process");
    const { measureReport } = await run(COMMAND);
    for (const { stamp } of measureReport?.processes ?? []) expect(stamp?.foreignCpu).toBeGreaterThanOrEqual(0);
  });

  test("measures a disturbed pair again, in its own order, as often as it may and no more", async () => {
    const ran = await run(COMMAND, { bench: { pairs: 1, pairsAgainMax: 2, foreignCpuMax: -1 } });
    expect(ran.finished).toMatchObject({ outcome: Outcome.PASSED });
    const pairs = armsOf(ran).slice(2);
    expect(pairs).toEqual([
      ["baseline", 1],
      ["candidate", 1],
      ["baseline", 2],
      ["candidate", 2],
      ["baseline", 3],
      ["candidate", 3],
    ]);
    expect(ran.measureReport?.processes.map(({ disturbed }) => disturbed !== "")).toEqual([
      false,
      false,
      true,
      true,
      true,
      true,
      false,
      false,
    ]);
  });

  test("without a baseline measures the candidate alone", async () => {
    const ran = await run(COMMAND, { work: { baseline: null } });
    expect(armsOf(ran)).toEqual([0, 1, 2].map((pair) => ["candidate", pair]));
    expect(ran.measureReport?.baseline).toBe("");
  });

  test("fails when the benchmark fails, and keeps what was measured before", async () => {
    const ran = await run(`${COMMAND} && test "$(ls -d ../results/* | wc -l)" -lt 4`);
    expect(ran.finished).toMatchObject({
      outcome: Outcome.TESTS_FAILED,
      summary: "the benchmark ended with exit status 1",
    });
    expect(armsOf(ran)).toHaveLength(3);
  });

  test("that only the baseline fails is the comparison's fault, not the candidate's", async () => {
    const { finished } = await run('test "$KILN_ARM" = candidate');
    expect(finished.outcome).toBe(Outcome.BAD_SPEC);
    expect(finished.summary).toContain("with the baseline, the benchmark ended with exit status 1");
  });

  test.for([
    ["true", "the benchmark wrote no file *.json into KILN_RESULTS"],
    ['ln -s /etc/passwd "$KILN_RESULTS/a.json"', "a.json in KILN_RESULTS is no ordinary file"],
    ['for i in 1 2 3 4 5 6 7 8 9; do echo 1 > "$KILN_RESULTS/$i.json"; done', "wrote 9 files *.json; at most 8"],
  ])("%s is an error that says what is missing", async ([command, message]) => {
    const { finished } = await run(command as string);
    expect(finished.outcome).toBe(Outcome.TESTS_FAILED);
    expect(finished.summary).toContain(message);
  });
});
