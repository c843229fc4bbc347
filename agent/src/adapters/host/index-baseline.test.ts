import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { job as wire, results } from "@kiln/proto";
import { temporaryFolder } from "@kiln/testkit";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import type { Interpreter } from "../../domain/interpreter.ts";
import type { Blob } from "../../domain/job.ts";
import type { IndexBaseline } from "../../domain/measure/index-baseline.ts";
import { HostBench, type RunResult } from "../../testing/host-bench.ts";
import { startRunIndex } from "../../testing/run-index-server.ts";
import { makeMeasured, measuredWork } from "../../testing/measured-package.ts";
import { serveIndex, type SimpleIndex } from "../../testing/simple-index.ts";
import { readPythons } from "../inventory/read-pythons.ts";

const { Outcome } = wire;
/** The candidate, and what the index has: as text, 0.9 would be the newest below it. */
const VERSIONS = ["1.0", "0.9", "0.10", "1.0rc1", "1.1"];
const PASSWORD = "password-of-the-index";

const shared = temporaryFolder();
const { pythons } = await readPythons(process.env, `${shared.path}/pythons.json`);
const newest = pythons.at(-1) as Interpreter;
if (!newest) console.warn("skipped: this machine has no usable CPython");

describe.skipIf(!newest || process.platform === "win32")("a baseline of the index", { timeout: 60_000 }, () => {
  const stack = new AsyncDisposableStack();
  stack.use(shared);
  let bench: HostBench;
  let index: SimpleIndex;
  let wheel: Blob;
  const digests = new Map<string, string>();

  beforeAll(async () => {
    const [candidate = "", ...released] = await makeMeasured(newest.path, shared.path, VERSIONS);
    index = stack.use(await serveIndex("/simple/", PASSWORD, released));
    for (const path of released) {
      digests.set(basename(path), createHash("sha256").update(readFileSync(path)).digest("hex"));
    }
    const runIndex = stack.use(await startRunIndex());
    bench = stack.use(new HostBench(pythons, { tools: `${shared.path}/tools`, indexes: runIndex.access }));
    wheel = bench.blobs.add(candidate);
    runIndex.projects.set("measured", [{ filename: wheel.filename, bytes: readFileSync(candidate) }]);
  }, 60_000);
  afterAll(() => stack.disposeAsync());
  afterEach(() => vi.unstubAllEnvs());

  /** With pip's settings as the machine's owner has them. */
  function run(baseline: IndexBaseline, settings: Readonly<Record<string, string>> = {}): Promise<RunResult> {
    for (const name of Object.keys(process.env)) if (/^PIP_/i.test(name)) vi.stubEnv(name, undefined);
    vi.stubEnv("PIP_CONFIG_FILE", "/dev/null");
    vi.stubEnv("PIP_INDEX_URL", `${index.url.replace("//", `//kiln:${PASSWORD}@`)}/simple/`);
    for (const [name, value] of Object.entries(settings)) vi.stubEnv(name, value);
    const work = measuredWork(wheel, baseline);
    const limits = { timeoutMs: 60_000, logBytesMax: 4_000_000 };
    return bench.run({ name: "job", python: newest.feature, env: {}, limits, work });
  }

  const NEWEST: IndexBaseline = { kind: "index", version: null, sha256: null };

  function armsOf({ measureReport }: RunResult): readonly string[] {
    return (measureReport?.processes ?? []).map(({ arm }) => (arm === results.Arm.BASELINE ? "baseline" : "candidate"));
  }

  test("is the newest release below the candidate that pip is set to find, and the report says which file", async () => {
    // A machine that installs pre-releases compares with releases all the same.
    const ran = await run(NEWEST, { PIP_PRE: "1" });
    expect(ran.finished, ran.log).toMatchObject({ outcome: Outcome.PASSED });
    const filename = "measured-0.10-py3-none-any.whl";
    const sha256 = digests.get(filename);
    expect(ran.measureReport).toMatchObject({ baseline: "0.10", baselineFile: { run: "", filename, sha256 } });
    expect(ran.measureReport?.noBaseline).toBeUndefined();
    const kept = ran.artifacts.filter(({ role }) => role === "benchmark").map(({ blob }) => blob as wire.BlobRef);
    expect(kept.map((blob) => JSON.parse(String(bench.blobs.get(blob.sha256))) as unknown)).toEqual(["0.10", "1.0"]);
    expect(ran.log).not.toContain(PASSWORD);
  });

  test("that is another file than was measured before is no baseline of it", async () => {
    const { finished } = await run({ kind: "index", version: "0.9", sha256: "5".repeat(64) });
    expect(finished).toMatchObject({ outcome: Outcome.INFRASTRUCTURE });
    expect(finished.summary).toContain("another file of 0.9");
  });

  test("that is not there leaves the candidate measured alone, and the report says what there is", async () => {
    const ran = await run({ ...NEWEST, version: "0.8" });
    expect(ran.finished, ran.log).toMatchObject({ outcome: Outcome.PASSED });
    expect(armsOf(ran)).toEqual(["candidate", "candidate"]);
    expect(ran.measureReport).toMatchObject({ baseline: "", noBaseline: { unknownProject: false } });
    expect(ran.measureReport?.noBaseline?.reason).toMatch(/no wheel of measured==0\.8 .*; it has .*0\.10/);
  });

  test("of a project that the index does not know may be missing since this is a first release", async () => {
    // Where no project is.
    const elsewhere = `${index.url.replace("//", `//kiln:${PASSWORD}@`)}/elsewhere/`;
    const ran = await run(NEWEST, { PIP_INDEX_URL: elsewhere });
    expect(ran.measureReport?.noBaseline).toMatchObject({ unknownProject: true });
  });

  test("of an index that refuses pip is not missing: the job is tried again", async () => {
    const { finished } = await run(NEWEST, { PIP_INDEX_URL: `${index.url.replace("//", "//kiln:another@")}/simple/` });
    expect(finished).toMatchObject({ outcome: Outcome.INFRASTRUCTURE });
    expect(finished.summary).toContain("the package index answered 401");
  });
});
