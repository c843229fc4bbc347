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

describe("submitting", () => {
  it("refuses a source of 2 GB by its size, without looking for its bytes", async () => {
    await using services = await servicesInFolder();
    const source = { sha256: "f".repeat(64), sizeBytes: 2 * 1024 ** 3, filename: "demo-1.0.tar.gz" };
    expect(await services.commands.submit(body({ source }))).toEqual({
      ok: false,
      reason: "source-too-large",
      limitBytes: 1_000_000_000,
    });
  });

  it("plans a run for the Pythons that agents have and says why others are excluded", async () => {
    await using services = await servicesInFolder();
    await withSource(services);
    await services.register("a", 1, ["3.8", "3.12"]);
    expect(await services.commands.submit(body())).toEqual({ ok: true, run: 1, created: true });
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
    const both = await Promise.all([services.commands.submit(submission), services.commands.submit(submission)]);
    expect(both).toEqual([
      { ok: true, run: 1, created: true },
      { ok: true, run: 1, created: false },
    ]);
    expect(await services.commands.submit(submission)).toEqual({ ok: true, run: 1, created: false });
    expect(await services.store.runs(10, null)).toHaveLength(1);
  });

  it("refuses a bad spec with every mistake in it, and keeps nothing", async () => {
    await using services = await servicesInFolder();
    await withSource(services);
    await services.register("a");
    const outcome = await services.commands.submit(body({ spec: "kiln: 1\ntset: {}\nbuild: {timeout: fast}\n" }));
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
    expect(await services.commands.submit(body())).toEqual({ ok: false, reason: "source-missing", sha256 });
  });
});

describe("a project's next run", () => {
  it("keeps the cells that failed in its newest finished one, however much its matrix is reduced", async () => {
    await using services = await servicesInFolder();
    await withSource(services);
    await services.register("a", 8, ["3.10", "3.11", "3.12"]);
    const plain = await services.commands.submit(body());
    if (!plain.ok) throw new Error("the spec is good");
    const jobs = (await services.queries.run(plain.run))?.jobs ?? [];
    for (const [job, { kind }] of jobs.entries()) if (kind === "build") await failBuild(services, plain.run, 1, job);
    const cells = ["cp310-linux-x86_64", "cp311-linux-x86_64", "cp312-linux-x86_64"];
    expect((await services.queries.project("demo")).failingCells).toEqual(cells);
    expect((await services.queries.project("other")).failingCells).toEqual([]);
    const patch = "kiln: 1\nprofiles: {patch: {reduce: touchstone}}\n";
    const next = await services.commands.submit(body({ spec: patch, release: "patch" }));
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
    expect(await services.commands.cancel(run)).toEqual({ ok: true });
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
    expect(await services.commands.cancel(7)).toEqual({ ok: false, reason: "no-such-run" });
    await services.register("a");
    const run = await services.submit(["3.12"]);
    await failBuild(services, run, 1);
    expect(await services.commands.cancel(run)).toEqual({ ok: true });
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
    expect(await again.commands.retryFailed(run)).toEqual({ ok: true });
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
    expect(await services.commands.retryFailed(run)).toEqual(refused);
  });

  it("says so when there is nothing to retry", async () => {
    await using services = await servicesInFolder();
    await services.register("a");
    const run = await services.submit(["3.12"]);
    expect(await services.commands.retryFailed(run)).toEqual({ ok: false, reason: "nothing-to-retry" });
    expect(await services.commands.retryFailed(99)).toEqual({ ok: false, reason: "no-such-run" });
  });
});
