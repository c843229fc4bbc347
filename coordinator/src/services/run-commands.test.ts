import { TESTER } from "../domain/testing.ts";
import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import type { SubmitRunBody } from "@kiln/proto";
import { describe, expect, it } from "vitest";
import type { FrameBody } from "../domain/frame.ts";
import { FakePeer, servicesInFolder, type Services } from "./testing.ts";

const bytes = Buffer.from("an sdist");
const sha256 = createHash("sha256").update(bytes).digest("hex");

function body(set: Partial<SubmitRunBody> = {}): SubmitRunBody {
  return {
    spec: "kiln: 1\n",
    specFile: "kiln.yaml",
    source: { sha256, sizeBytes: bytes.length, filename: "demo-1.0.tar.gz" },
    candidate: {
      name: "demo",
      version: "1.0",
      requiresPython: ">=3.9",
      factsFrom: "PKG-INFO",
      origin: "demo-1.0.tar.gz",
    },
    ...set,
  };
}

async function withSource(services: Services): Promise<void> {
  await services.blobs.put(sha256, Readable.from([bytes]));
}

const fail: FrameBody[] = [
  { type: "started", pythonVersion: "3.12.1" },
  { type: "finished", outcome: "build-failed", summary: "no", excerpt: "", logBytesDropped: 0 },
];

async function failBuild(services: Services, run: number, attempt: number, job = 0): Promise<void> {
  const peer = new FakePeer("a");
  const key = { run, job, attempt };
  await services.ingest.accept(peer, [
    { key, frames: fail.map((entry, index) => ({ seq: index + 1, atMs: 0, body: entry })) },
  ]);
  await peer.until(() => peer.acks.length > 0);
  await services.judge.idle();
}

const AUDIT = { before: null, sinceMs: null, who: null, what: null, limit: 100 } as const;

describe("who asked", () => {
  it("is written down with what was done, and not with what was not", async () => {
    await using services = await servicesInFolder();
    await withSource(services);
    await services.register("a");
    await services.commands.submit(body({ spec: "kiln: 2" }), TESTER);
    await services.commands.submit(body(), TESTER);
    await services.commands.retryFailed(1, TESTER);
    await services.commands.cancel(1, { who: "owner", from: "::1" });
    await services.commands.cancel(9, TESTER);
    const rows = await services.audit.page(AUDIT);
    expect(rows).toMatchObject([
      { who: "owner", from: "::1", what: "run.cancel", object: "r1", outcome: "done" },
      {
        ...TESTER,
        what: "run.submit",
        object: "r1",
        detail: expect.stringMatching(/^demo 1\.0, source [0-9a-f]{64}$/),
      },
    ]);
  });
});

describe("submitting", () => {
  it("refuses a spec that names a secret which the farm does not have, at its place", async () => {
    await using services = await servicesInFolder();
    await withSource(services);
    await services.register("a");
    const spec = "build:\n  secrets: [INDEX_TOKEN]\n";
    expect(await services.commands.submit(body({ spec }), TESTER)).toMatchObject({
      ok: false,
      reason: "bad-spec",
      problems: [{ file: "kiln.yaml", line: 2, column: 13, path: "build.secrets[0]" }],
    });
    await services.secrets.set({ name: "INDEX_TOKEN", value: "hunter22-value", project: null }, TESTER);
    expect(await services.commands.submit(body({ spec }), TESTER)).toMatchObject({ ok: true });
    const plan = await services.store.planJson(1);
    expect(JSON.parse(plan ?? "").jobs[0]).toMatchObject({ kind: "build", secrets: ["INDEX_TOKEN"] });
    expect(plan).not.toContain("hunter22");
    expect(services.bus.assignments[0]?.work.job.secrets).toEqual(["INDEX_TOKEN"]);
  });

  it("refuses a source of 2 GB by its size, without looking for its bytes", async () => {
    await using services = await servicesInFolder();
    const source = { sha256: "f".repeat(64), sizeBytes: 2 * 1024 ** 3, filename: "demo-1.0.tar.gz" };
    expect(await services.commands.submit(body({ source }), TESTER)).toEqual({
      ok: false,
      reason: "source-too-large",
      limitBytes: 1_000_000_000,
    });
  });

  it("plans a run for the Pythons that agents have and says why others are excluded", async () => {
    await using services = await servicesInFolder();
    await withSource(services);
    await services.register("a", 1, ["3.8", "3.12"]);
    expect(await services.commands.submit(body(), TESTER)).toEqual({ ok: true, run: 1, created: true });
    const view = await services.queries.run(1);
    expect(view?.cells.map(({ cell }) => cell)).toEqual(["cp312-linux-x86_64"]);
    expect(view?.excluded).toMatchObject([
      { cell: "cp38-linux-x86_64", rule: "requires-python", source: "Requires-Python in PKG-INFO" },
    ]);
    expect(view?.jobs.map(({ name, state }) => [name, state])).toEqual([
      ["build-cp312-linux-x86_64", "assigned"],
      ["test-cp312-linux-x86_64", "blocked"],
    ]);
  });

  it("returns the first run when a submission is repeated, at once or later", async () => {
    await using services = await servicesInFolder();
    await withSource(services);
    await services.register("a");
    const submission = body({ submissionId: "submission-1" });
    const both = await Promise.all([
      services.commands.submit(submission, TESTER),
      services.commands.submit(submission, TESTER),
    ]);
    expect(both).toEqual([
      { ok: true, run: 1, created: true },
      { ok: true, run: 1, created: false },
    ]);
    expect(await services.commands.submit(submission, TESTER)).toEqual({ ok: true, run: 1, created: false });
    expect(await services.store.runs(10, null)).toHaveLength(1);
  });

  it("refuses a bad spec with every mistake in it, and keeps nothing", async () => {
    await using services = await servicesInFolder();
    await withSource(services);
    await services.register("a");
    const outcome = await services.commands.submit(
      body({ spec: "kiln: 1\ntset: {}\nbuild: {timeout: fast}\n" }),
      TESTER,
    );
    if (outcome.ok || outcome.reason !== "bad-spec") throw new Error("the spec is bad");
    expect(outcome.problems.map(({ file, line }) => [file, line])).toEqual([
      ["kiln.yaml", 2],
      ["kiln.yaml", 3],
    ]);
    expect(await services.store.runs(10, null)).toEqual([]);
  });

  it("refuses a source that was never uploaded", async () => {
    await using services = await servicesInFolder();
    await services.register("a");
    expect(await services.commands.submit(body(), TESTER)).toEqual({ ok: false, reason: "source-missing", sha256 });
  });
});

describe("a project's next run", () => {
  it("keeps the cells that failed in its newest finished one, however much its matrix is reduced", async () => {
    await using services = await servicesInFolder();
    await withSource(services);
    await services.register("a", 8, ["3.10", "3.11", "3.12"]);
    const plain = await services.commands.submit(body(), TESTER);
    if (!plain.ok) throw new Error("the spec is good");
    const jobs = (await services.queries.run(plain.run))?.jobs ?? [];
    for (const [job, { kind }] of jobs.entries()) if (kind === "build") await failBuild(services, plain.run, 1, job);
    const cells = ["cp310-linux-x86_64", "cp311-linux-x86_64", "cp312-linux-x86_64"];
    expect((await services.queries.project("demo")).failingCells).toEqual(cells);
    expect((await services.queries.project("other")).failingCells).toEqual([]);
    const patch = "kiln: 1\nprofiles: {patch: {reduce: touchstone}}\n";
    const next = await services.commands.submit(body({ spec: patch, release: "patch" }), TESTER);
    if (!next.ok) throw new Error("the spec is good");
    const kept = (await services.queries.run(next.run))?.cells.map(({ cell }) => cell);
    expect(kept?.toSorted()).toEqual(cells);
  });
});

describe("cancelling", () => {
  it("ends what has not begun at once and asks the agent to stop the rest", async () => {
    await using services = await servicesInFolder();
    await services.register("a", 1, ["3.11", "3.12"]);
    const run = await services.submit(["3.11", "3.12"]);
    expect(await services.commands.cancel(run, TESTER)).toEqual({ ok: true });
    const outcomes = (await services.store.jobs(run)).map(({ state, outcome }) => [state, outcome]);
    expect(outcomes).toEqual([
      ["cancelling", null],
      ["finished", "cancelled"],
      ["finished", "cancelled"],
      ["finished", "cancelled"],
    ]);
    expect(services.bus.stops).toMatchObject([{ agentId: "a", key: { run, job: 0, attempt: 1 } }]);
  });

  it("says that a run does not exist, and accepts one that is finished", async () => {
    await using services = await servicesInFolder();
    expect(await services.commands.cancel(7, TESTER)).toEqual({ ok: false, reason: "no-such-run" });
    await services.register("a");
    const run = await services.submit(["3.12"]);
    await failBuild(services, run, 1);
    expect(await services.commands.cancel(run, TESTER)).toEqual({ ok: true });
    expect(await services.store.run(run)).toMatchObject({ state: "finished", verdict: "fail" });
  });
});

describe("retrying", () => {
  it("tries failed jobs again, also after a restart, and numbers attempts on", async () => {
    await using services = await servicesInFolder();
    await services.register("a");
    const run = await services.submit(["3.12"]);
    await failBuild(services, run, 1);
    expect(await services.store.run(run)).toMatchObject({ state: "finished", verdict: "fail" });

    const again = await services.restart();
    expect(await again.commands.retryFailed(run, TESTER)).toEqual({ ok: true });
    expect(await again.store.run(run)).toMatchObject({ state: "queued", verdict: null });
    await again.register("a");
    expect((await again.store.jobs(run)).map(({ state, attempts }) => [state, attempts])).toEqual([
      ["assigned", 2],
      ["blocked", 0],
    ]);
    await failBuild(again, run, 2);
    expect(await again.store.attempts(run, 0)).toMatchObject([
      { attempt: 1, outcome: "build-failed" },
      { attempt: 2, outcome: "build-failed" },
    ]);
    expect(await again.store.run(run)).toMatchObject({ state: "finished", verdict: "fail" });
  });

  it("refuses a run whose bytes went, by the rule that took them", async () => {
    await using services = await servicesInFolder();
    await services.register("a");
    const run = await services.submit(["3.12"]);
    await failBuild(services, run, 1);
    expect(await services.store.retention.expire(run, 2_000_000, "it was old")).toBe(true);
    const refused = { ok: false, reason: "bytes-gone", rule: "it was old" };
    expect(await services.commands.retryFailed(run, TESTER)).toEqual(refused);
  });

  it("says so when there is nothing to retry", async () => {
    await using services = await servicesInFolder();
    await services.register("a");
    const run = await services.submit(["3.12"]);
    expect(await services.commands.retryFailed(run, TESTER)).toEqual({ ok: false, reason: "nothing-to-retry" });
    expect(await services.commands.retryFailed(99, TESTER)).toEqual({ ok: false, reason: "no-such-run" });
  });
});
