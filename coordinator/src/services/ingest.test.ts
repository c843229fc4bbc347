import { describe, expect, it } from "vitest";
import type { AttemptKey } from "../domain/attempt-key.ts";
import type { Frame, FrameBody } from "../domain/frame.ts";
import { FrameGapError } from "./ingest.ts";
import { FakePeer, LEASE_TTL_MS, servicesInFolder } from "./testing.ts";

const build: AttemptKey = { run: 1, job: 0, attempt: 1 };

function frames(bodies: readonly FrameBody[], firstSeq = 1): Frame[] {
  return bodies.map((body, index) => ({ seq: firstSeq + index, atMs: 0, body }));
}

const started: FrameBody = { type: "started", pythonVersion: "3.12.1" };
const log = (offset: number, text: string): FrameBody => ({ type: "log", offset, data: Buffer.from(text) });
const finished = (outcome: "passed" | "build-failed" | "infrastructure"): FrameBody => ({
  type: "finished",
  outcome,
  summary: outcome === "passed" ? "" : "it did not work",
  excerpt: "error: x",
  logBytesDropped: 0,
});

describe("ingest", () => {
  it("records a whole attempt and acknowledges its last frame only when it is durable", async () => {
    await using services = await servicesInFolder();
    await services.register("a");
    await services.submit(["3.12"]);
    const peer = new FakePeer("a");
    const step: FrameBody[] = [
      { type: "step-started", index: 0, title: "build", logOffset: 0 },
      log(0, "hello "),
      log(6, "world\n"),
      { type: "step-finished", index: 0, exitCode: 1, durationMs: 5 },
    ];
    await services.ingest.accept(peer, [{ key: build, frames: frames([started, ...step, finished("build-failed")]) }]);
    await peer.until(() => peer.acks.some(({ seq }) => seq === 6));
    expect(await services.store.attempt(build)).toMatchObject({
      state: "finished",
      outcome: "build-failed",
      summary: "it did not work",
      excerpt: "error: x",
      pythonVersion: "3.12.1",
      logBytes: 12,
      ackedSeq: 6,
      steps: [{ title: "build", logOffset: 0, exitCode: 1, durationMs: 5 }],
    });
    expect(Buffer.from(await services.logs.read(build, 0, 100)).toString()).toBe("hello world\n");
    await services.judge.idle();
    expect((await services.queries.run(1))?.verdict).toBe("fail");
  });

  it("goes on after a restart from the last frame that was acknowledged, without losing or doubling a byte", async () => {
    await using services = await servicesInFolder();
    await services.register("a");
    await services.submit(["3.12"]);
    const peer = new FakePeer("a");
    const all = frames([started, log(0, "one\n"), log(4, "two\n"), log(8, "three\n"), finished("passed")]);
    await services.ingest.accept(peer, [{ key: build, frames: all.slice(0, 1) }]);
    await peer.until(() => peer.acks.length > 0);
    // Written, and not yet acknowledged when the coordinator ends.
    await services.ingest.accept(peer, [{ key: build, frames: all.slice(1, 3) }]);

    const again = await services.restart();
    const back = new FakePeer("a");
    const [resumed] = await again.ingest.resume(back, [build]);
    expect(resumed?.key).toEqual(build);
    const from = resumed?.seq ?? 0;
    expect(from).toBeGreaterThanOrEqual(1);
    await again.ingest.accept(back, [{ key: build, frames: all.slice(from) }]);
    await back.until(() => back.acks.some(({ seq }) => seq === 5));
    expect(Buffer.from(await again.logs.read(build, 0, 100)).toString()).toBe("one\ntwo\nthree\n");
    expect(await again.store.attempt(build)).toMatchObject({ outcome: "passed", logBytes: 14 });
  });

  it("refuses frames of an attempt that lost its lease, and keeps the job with the next attempt", async () => {
    await using services = await servicesInFolder();
    await services.register("a");
    await services.submit(["3.12"]);
    const peer = new FakePeer("a");
    await services.ingest.accept(peer, [{ key: build, frames: frames([started]) }]);
    services.advance(LEASE_TTL_MS + 1);
    await services.liveness.check();
    expect(services.farm.agents.get("a")?.presence).toBe("offline");
    await services.ingest.accept(peer, [{ key: build, frames: frames([finished("passed")], 2) }]);
    await peer.until(() => peer.refusals.length > 0);
    expect(peer.refusals).toEqual([{ key: build, reason: "finished or superseded" }]);
    expect(await services.store.attempts(1, 0)).toMatchObject([{ attempt: 1, outcome: "agent-lost" }]);
    expect((await services.store.jobs(1))[0]).toMatchObject({ state: "ready", retriesLeft: 1 });

    await services.register("a");
    expect(services.bus.assignments.map(({ key }) => key.attempt)).toEqual([1, 2]);
  });

  it("refuses an agent that reports for another's attempt", async () => {
    await using services = await servicesInFolder();
    await services.register("a");
    await services.submit(["3.12"]);
    const stranger = new FakePeer("b");
    await services.ingest.accept(stranger, [{ key: build, frames: frames([started, finished("passed")]) }]);
    await stranger.until(() => stranger.refusals.length > 0);
    expect(stranger.refusals).toEqual([{ key: build, reason: "held by another agent" }]);
    expect((await services.store.jobs(1))[0]).toMatchObject({ state: "assigned", outcome: null });
  });

  it("stops the stream at a missing frame instead of recording a hole", async () => {
    await using services = await servicesInFolder();
    await services.register("a");
    await services.submit(["3.12"]);
    const peer = new FakePeer("a");
    const [first, , third] = frames([started, log(0, "a"), log(1, "b")]);
    if (!first || !third) throw new Error("there are three frames");
    await expect(services.ingest.accept(peer, [{ key: build, frames: [first, third] }])).rejects.toThrow(FrameGapError);
    expect(await services.logs.size(build)).toBe(0);
  });

  it("does not pass a build whose wheel never arrived", async () => {
    await using services = await servicesInFolder();
    await services.register("a");
    await services.submit(["3.12"]);
    const peer = new FakePeer("a");
    const blob = { sha256: "c".repeat(64), sizeBytes: 4, filename: "demo-1.0-py3-none-any.whl" };
    const bodies: FrameBody[] = [started, { type: "artifact", role: "wheel", blob }, finished("passed")];
    await services.ingest.accept(peer, [{ key: build, frames: frames(bodies) }]);
    await peer.until(() => peer.refusals.length > 0);
    const [attempt] = await services.store.attempts(1, 0);
    expect(attempt).toMatchObject({ outcome: "infrastructure" });
    expect(attempt?.summary).toContain("never uploaded");
  });

  it("gives the test the very wheel that its build made", async () => {
    await using services = await servicesInFolder();
    await services.register("a");
    await services.submit(["3.12"]);
    const bytes = Buffer.from("wheel");
    const { createHash } = await import("node:crypto");
    const { Readable } = await import("node:stream");
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    await services.blobs.put(sha256, Readable.from([bytes]));
    const blob = { sha256, sizeBytes: 5, filename: "demo-1.0-py3-none-any.whl" };
    const peer = new FakePeer("a");
    const bodies: FrameBody[] = [started, { type: "artifact", role: "wheel", blob }, finished("passed")];
    await services.ingest.accept(peer, [{ key: build, frames: frames(bodies) }]);
    await peer.until(() => peer.acks.some(({ seq }) => seq === 3));
    const test = services.bus.assignments.find(({ key }) => key.job === 1);
    expect(test?.work).toMatchObject({ kind: "test", wheel: blob });
  });
});
