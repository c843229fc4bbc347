import { TESTER } from "../domain/testing.ts";
import { createHash } from "node:crypto";
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import type { JobView, RunView, SubmitRunBody, TestReport } from "@kiln/proto";
import { describe, expect, it } from "vitest";
import type { FrameBody } from "../domain/frame.ts";
import type { Outcome } from "../domain/outcome.ts";
import { FakePeer, servicesInFolder, type Services } from "./testing.ts";

// Runs of one candidate, whose jobs are ended by hand.

const SOURCE = Buffer.from("an sdist");
const BUILD = "build-cp312-linux-x86_64";
const TEST = "test-cp312-linux-x86_64";
const SPEC = `
matrix: {os: [linux-x86_64], python: ["3.12"]}
checks: [{name: style, command: "true"}]
scans: [{name: zip, command: "true"}]
gates: {artifact-contents: off} # what the builds here make are no wheels
`;

const TESTS: TestReport = {
  ...{ kind: "test", tests: 9, passed: 5, failed: 0, errors: 0, skipped: 3, flaky: 1, durationMs: 5 },
  ...{ failures: [], skips: [], slowest: [], coverage: null },
};

function body(set: Partial<SubmitRunBody> = {}): SubmitRunBody {
  return {
    spec: SPEC,
    specFile: "kiln.yaml",
    source: { sha256: sha256Of(SOURCE), sizeBytes: SOURCE.length, filename: "demo-1.0.tar.gz" },
    candidate: { name: "demo", version: "1.0", requiresPython: null, factsFrom: "PKG-INFO", origin: "here" },
    ...set,
  };
}

function sha256Of(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

async function submit(services: Services, set: Partial<SubmitRunBody> = {}): Promise<RunView> {
  await services.blobs.put(sha256Of(SOURCE), Readable.from([SOURCE]));
  const outcome = await services.commands.submit(body(set), TESTER);
  if (!outcome.ok) throw new Error(JSON.stringify(outcome));
  await services.judge.idle();
  return viewOf(services, outcome.run);
}

async function viewOf(services: Services, run: number): Promise<RunView> {
  const view = await services.queries.run(run);
  if (!view) throw new Error(`no r${run}`);
  return view;
}

async function jobOf(services: Services, run: number, name: string): Promise<JobView> {
  const job = await services.queries.job(run, name);
  if (!job) throw new Error(`r${run} has no ${name}`);
  return job;
}

/** Ends the first attempt that the agent holds of this job; a build that passes makes a wheel of these bytes. */
async function end(services: Services, run: number, name: string, outcome: Outcome, wheel = "bytes"): Promise<void> {
  const { jobs } = await viewOf(services, run);
  const job = jobs.findIndex((each) => each.name === name);
  const { kind = "build", attempts = 1 } = jobs[job] ?? {};
  const bytes = Buffer.from(wheel);
  const blob = { sha256: sha256Of(bytes), sizeBytes: bytes.length, filename: "demo-1.0-py3-none-any.whl" };
  if (kind === "build") await services.blobs.put(blob.sha256, Readable.from([bytes]));
  const bodies: FrameBody[] = [
    { type: "started", pythonVersion: "3.12.1" },
    ...(kind === "build" ? [{ type: "artifact", role: "wheel", blob } as const] : []),
    ...(kind === "test" ? [{ type: "report", report: TESTS } as const] : []),
    { type: "finished", outcome, summary: "", excerpt: "", logBytesDropped: 0 },
  ];
  const peer = new FakePeer("a");
  const frames = bodies.map((each, index) => ({ seq: index + 1, atMs: 0, body: each }));
  await services.ingest.accept(peer, [{ key: { run, job, attempt: attempts }, frames }]);
  await peer.until(() => peer.acks.some(({ seq }) => seq === bodies.length));
  await services.judge.idle();
}

const ALL = ["check-style", BUILD, "scan-zip-cp312-linux-x86_64", TEST];

async function endAll(services: Services, run: number, outcomes: Readonly<Record<string, Outcome>> = {}) {
  for (const name of ALL) await end(services, run, name, outcomes[name] ?? "passed");
}

const shown = ({ jobs }: RunView) => jobs.map(({ name, state, reusedFrom }) => [name, state, reusedFrom?.run ?? null]);

describe("a build whose content key passed before", () => {
  it("ends at once with that wheel; its tests run, on the run's own index, also after a restart", async () => {
    await using services = await servicesInFolder();
    await services.register("a", 8);
    const first = await submit(services);
    await endAll(services, 1);
    const second = await submit(services);
    expect([first.run, second.run]).toEqual(["r1", "r2"]);
    expect(shown(second)).toEqual([
      ["check-style", "assigned", null],
      [BUILD, "finished", "r1"],
      ["scan-zip-cp312-linux-x86_64", "assigned", null],
      [TEST, "assigned", null],
    ]);
    const build = await jobOf(services, 2, BUILD);
    expect(build).toMatchObject({
      ...{ outcome: "passed", attempts: 0, agentName: null, pythonVersion: "3.12.1", startedAtMs: null, history: [] },
      ...{ summary: `taken from r1 ${BUILD}`, reusedFrom: { run: "r1", job: BUILD, attempt: 1 }, reproduced: null },
      reusedAttempt: { attempt: 1, artifacts: [{ role: "wheel" }] },
    });
    const wheel = build.reusedAttempt?.artifacts[0]?.blob;
    expect(services.bus.assignments.at(-1)?.work).toMatchObject({ kind: "test", wheel });
    expect(await services.store.staging.unstaged(2)).toEqual([{ job: 1, ...wheel }]);
    expect(await services.queries.attemptLog(2, BUILD, null)).toMatchObject({ key: { run: 1, job: 1, attempt: 1 } });
    expect((await services.metrics.scrape()).text).toContain('kiln_jobs_reused_total{kind="build"} 1');

    // The test is lost and goes to an agent of the restarted coordinator, with the same wheel.
    const again = await services.restart();
    again.advance(60_000);
    await again.liveness.check();
    await again.register("a", 8);
    await again.engine.settled();
    const sent = again.bus.assignments.filter(({ key }) => key.run === 2 && key.attempt === 2);
    expect(sent.map(({ work }) => work)).toContainEqual(expect.objectContaining({ kind: "test", wheel }));
  });

  it("is said to come from where it was really built, however many runs have taken it", async () => {
    await using services = await servicesInFolder();
    await services.register("a", 8);
    await submit(services);
    await endAll(services, 1);
    await submit(services);
    for (const name of ALL) if (name !== BUILD) await end(services, 2, name, "passed");
    expect(shown(await submit(services))[1]).toEqual([BUILD, "finished", "r1"]);
    expect(shown(await submit(services, { reuse: "r2" })).map(([name, , from]) => [name, from])).toEqual([
      ["check-style", "r2"],
      [BUILD, "r1"],
      ["scan-zip-cp312-linux-x86_64", "r2"],
      [TEST, "r2"],
    ]);
  });

  it("has its wheel when a test that failed is tried again, also after a restart", async () => {
    await using services = await servicesInFolder();
    await services.register("a", 8);
    await submit(services);
    await endAll(services, 1);
    await submit(services);
    for (const name of ALL) if (name !== BUILD) await end(services, 2, name, name === TEST ? "tests-failed" : "passed");
    const again = await services.restart();
    expect(await again.commands.retryFailed(2, TESTER)).toEqual({ ok: true });
    await again.register("a", 8);
    await again.engine.settled();
    expect(shown(await viewOf(again, 2))).toContainEqual([BUILD, "finished", "r1"]);
    const wheel = (await jobOf(again, 2, BUILD)).reusedAttempt?.artifacts[0]?.blob;
    expect(again.bus.assignments).toMatchObject([
      { key: { run: 2, job: 3, attempt: 2 }, work: { kind: "test", wheel } },
    ]);
  });

  it("is built again when the person asks, when it failed, when its wheel is gone, or for another source", async () => {
    await using services = await servicesInFolder();
    await services.register("a", 64);
    await submit(services);
    await end(services, 1, BUILD, "build-failed");
    expect(shown(await submit(services))[1]).toEqual([BUILD, "assigned", null]);
    await end(services, 2, BUILD, "passed");
    expect(shown(await submit(services))[1]).toEqual([BUILD, "finished", "r2"]);
    expect(shown(await submit(services, { reuse: "never" }))[1]).toEqual([BUILD, "assigned", null]);
    const other = Buffer.from("another sdist");
    await services.blobs.put(sha256Of(other), Readable.from([other]));
    const source = { sha256: sha256Of(other), sizeBytes: other.length, filename: "demo-1.0.tar.gz" };
    expect(shown(await submit(services, { source }))[1]).toEqual([BUILD, "assigned", null]);
    await removeBlob(services.dir, sha256Of(Buffer.from("bytes")));
    expect(shown(await submit(services))[1]).toEqual([BUILD, "assigned", null]);
  });

  it("that is built again says whether it made the same bytes as the newest one before it", async () => {
    await using services = await servicesInFolder();
    await services.register("a", 64);
    for (const [index, wheel] of ["one", "one", "two"].entries()) {
      await submit(services, { reuse: "never" });
      await end(services, index + 1, BUILD, "passed", wheel);
    }
    const said = async (run: number) => (await jobOf(services, run, BUILD)).reproduced;
    expect(await said(1)).toBeNull();
    expect(await said(2)).toEqual({ run: "r1", job: BUILD, same: true });
    expect(await said(3)).toEqual({ run: "r2", job: BUILD, same: false });
  });
});

describe("a submission that takes the results of a run", () => {
  it("runs only what did not pass there or has changed", async () => {
    await using services = await servicesInFolder();
    await services.register("a", 8);
    await submit(services);
    await endAll(services, 1, { "scan-zip-cp312-linux-x86_64": "tests-failed" });
    const second = await submit(services, {
      reuse: "r1",
      spec: SPEC.replace('style, command: "true"', "style, command: ls"),
    });
    expect(shown(second)).toEqual([
      ["check-style", "assigned", null],
      [BUILD, "finished", "r1"],
      ["scan-zip-cp312-linux-x86_64", "assigned", null],
      [TEST, "finished", "r1"],
    ]);
    expect(second.jobs[3]).toMatchObject({ tests: { tests: 9, failed: 0, skipped: 3, flaky: 1 }, attempts: 0 });
  });

  it("is judged at once when everything is taken", async () => {
    await using services = await servicesInFolder();
    await services.register("a", 8);
    await submit(services);
    await endAll(services, 1);
    expect(await submit(services, { reuse: "r1" })).toMatchObject({
      ...{ state: "finished", verdict: "pass", counts: { total: 4, passed: 4 }, startedAtMs: null },
    });
  });

  it("takes no test of a wheel that is gone: the new build's bytes were not tested", async () => {
    await using services = await servicesInFolder();
    await services.register("a", 64);
    await submit(services);
    await endAll(services, 1);
    await submit(services, { reuse: "never" });
    await end(services, 2, BUILD, "passed", "other bytes");
    await removeBlob(services.dir, sha256Of(Buffer.from("bytes")));
    expect(shown(await submit(services, { reuse: "r1" }))).toEqual([
      ["check-style", "finished", "r1"],
      [BUILD, "finished", "r2"],
      ["scan-zip-cp312-linux-x86_64", "assigned", null],
      [TEST, "assigned", null],
    ]);
  });

  it("is refused for a run that is not there, of another project, or not finished", async () => {
    await using services = await servicesInFolder();
    await services.register("a", 64);
    const refused = async (set: Partial<SubmitRunBody>) => {
      const outcome = await services.commands.submit(body(set), TESTER);
      return outcome.ok || outcome.reason !== "cannot-reuse" ? outcome : outcome.detail;
    };
    await submit(services);
    expect(await refused({ reuse: "r9" })).toBe("there is no run r9 to take results from");
    expect(await refused({ reuse: "r1" })).toContain("r1 is not finished");
    const candidate = { ...body().candidate, name: "other" };
    expect(await refused({ reuse: "r1", candidate })).toContain("r1 is of demo");
    expect(await services.store.runs(10, null)).toHaveLength(1);
  });
});

/** Takes the bytes of a blob away, as a sweep of old blobs would. */
async function removeBlob(dir: string, sha256: string): Promise<void> {
  const blobs = join(dir, "blobs");
  const [name] = (await readdir(blobs, { recursive: true })).filter((path) => path.endsWith(sha256.slice(-20)));
  if (name === undefined) throw new Error(`no blob ${sha256}`);
  await rm(join(blobs, name));
}
