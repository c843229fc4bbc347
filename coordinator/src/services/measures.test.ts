import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import type { MeasureReport, SubmitRunBody } from "@kiln/proto";
import { describe, expect, it } from "vitest";
import { TESTER } from "../domain/testing.ts";
import type { FrameBody } from "../domain/frame.ts";
import type { JobWork } from "../domain/job-work.ts";
import { FakePeer, servicesInFolder, type Services } from "./testing.ts";

const SOURCE = Buffer.from("an sdist");
const CELL = "cp312-linux-x86_64";
const spec = (baseline: string, more = ""): string => `
matrix: {os: [linux-x86_64], python: ["3.12"]}
bench: {command: python bench.py, baseline: ${baseline}}
${more}
# What the jobs here make and measure is nothing that these could judge.
gates: {artifact-contents: off, benchmark-regression: off}
`;

function sha256Of(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

async function submit(
  services: Services,
  version: string,
  baseline = "last-release",
  { more = "", commit }: { readonly more?: string; readonly commit?: string } = {},
): Promise<number> {
  await services.blobs.put(sha256Of(SOURCE), Readable.from([SOURCE]));
  const body: SubmitRunBody = {
    spec: spec(baseline, more),
    specFile: "kiln.yaml",
    source: { sha256: sha256Of(SOURCE), sizeBytes: SOURCE.length, filename: "demo.tar.gz" },
    reuse: "never",
    candidate: {
      ...{ name: "demo", version, requiresPython: null, factsFrom: "PKG-INFO", origin: "here" },
      ...(commit === undefined ? {} : { commit }),
    },
  };
  const outcome = await services.commands.submit(body, TESTER);
  if (!outcome.ok) throw new Error(JSON.stringify(outcome));
  return outcome.run;
}

/** Ends the newest attempt at a job as passed; a build makes a wheel whose bytes are the version. */
async function pass(
  services: Services,
  run: number,
  job: number,
  attempt: number,
  version: string,
  measured: Partial<MeasureReport> = {},
): Promise<void> {
  const bytes = Buffer.from(version);
  const blob = { sha256: sha256Of(bytes), sizeBytes: bytes.length, filename: `demo-${version}-py3-none-any.whl` };
  await services.blobs.put(blob.sha256, Readable.from([bytes]));
  const bodies: FrameBody[] = [{ type: "started", pythonVersion: "3.12.1" }];
  if (job === 0) bodies.push({ type: "artifact", role: "wheel", blob });
  if (job === 2)
    bodies.push({ type: "report", report: { kind: "measure", baseline: null, processes: [], ...measured } });
  bodies.push({ type: "finished", outcome: "passed", summary: "", excerpt: "", logBytesDropped: 0 });
  const peer = new FakePeer("a");
  const frames = bodies.map((each, index) => ({ seq: index + 1, atMs: 0, body: each }));
  await services.ingest.accept(peer, [{ key: { run, job, attempt }, frames }]);
  await peer.until(() => peer.acks.some(({ seq }) => seq === bodies.length));
  await services.judge.idle();
}

/** Runs everything up to the bench job, and says what its agent was told. */
async function benchWork(services: Services, run: number, version: string): Promise<JobWork> {
  await pass(services, run, 0, 1, version);
  await pass(services, run, 1, 1, version);
  return services.bus.until(({ key }) => key.run === run && key.job === 2);
}

describe("a bench job", () => {
  it("is measured beside the highest lower version that passed, with its wheel of the same cell", async () => {
    await using services = await servicesInFolder();
    await services.register("a", 8);
    for (const version of ["1.9", "1.10", "3.0"]) {
      const run = await submit(services, version);
      await benchWork(services, run, version);
      await pass(services, run, 2, 1, version);
    }
    const run = await submit(services, "2.0");
    const work = await benchWork(services, run, "2.0");
    expect(work).toMatchObject({
      kind: "bench",
      job: { name: `bench-${CELL}` },
      wheel: { filename: "demo-2.0-py3-none-any.whl" },
      measure: { baseline: { version: "1.10", wheel: { filename: "demo-1.10-py3-none-any.whl" } }, pairs: 6 },
    });
  });

  it("and the profile of its cell are of the same baseline", async () => {
    await using services = await servicesInFolder();
    await services.register("a", 8);
    for (const version of ["1.9", "1.10"]) {
      const run = await submit(services, version);
      await benchWork(services, run, version);
      await pass(services, run, 2, 1, version);
    }
    const run = await submit(services, "2.0", '"1.9"', { more: "profile: {command: python bench.py}" });
    await benchWork(services, run, "2.0");
    await pass(services, run, 2, 1, "2.0");
    const work = await services.bus.until(({ key }) => key.run === run && key.job === 3);
    expect(work).toMatchObject({ kind: "profile", measure: { baseline: { version: "1.9" }, pairs: 1 } });
  });

  it("is explained by a profile beside the very file of the index that it was compared with", async () => {
    await using services = await servicesInFolder();
    await services.register("a", 8);
    const run = await submit(services, "2.0", "index", { more: "profile: {command: python bench.py}" });
    await benchWork(services, run, "2.0");
    const baselineFile = { run: null, commit: null, filename: "demo-1.9-py3-none-any.whl", sha256: "5".repeat(64) };
    await pass(services, run, 2, 1, "2.0", { baseline: "1.9", baselineFile });
    const work = await services.bus.until(({ key }) => key.run === run && key.job === 3);
    const baseline = { kind: "index", version: "1.9", sha256: baselineFile.sha256 };
    expect(work).toMatchObject({ kind: "profile", measure: { baseline } });
  });

  it("has no baseline in a first release, and none when the spec wants none", async () => {
    await using services = await servicesInFolder();
    await services.register("a", 8);
    const first = await submit(services, "1.0");
    expect(await benchWork(services, first, "1.0")).toMatchObject({ measure: { baseline: null } });
    await pass(services, first, 2, 1, "1.0");
    const alone = await submit(services, "1.1", "none");
    expect(await benchWork(services, alone, "1.1")).toMatchObject({ measure: { baseline: null } });
    // It has the machine to itself until it ends.
    await pass(services, alone, 2, 1, "1.1");
    const named = await submit(services, "1.2", "1.0.0");
    expect(await benchWork(services, named, "1.2")).toMatchObject({ measure: { baseline: { version: "1.0" } } });
  });

  it("takes a release of the index by name where the farm has none, or the newest when that is wanted", async () => {
    await using services = await servicesInFolder();
    await services.register("a", 8);
    const named = await submit(services, "1.2", "1.0");
    const baseline = { kind: "index", sha256: null };
    expect(await benchWork(services, named, "1.2")).toMatchObject({
      measure: { baseline: { ...baseline, version: "1.0" } },
    });
    await pass(services, named, 2, 1, "1.2");
    const newest = await submit(services, "1.3", "index");
    // Also where the farm has one.
    expect(await benchWork(services, newest, "1.3")).toMatchObject({
      measure: { baseline: { ...baseline, version: null } },
    });
  });

  it("takes what a run built of a commit, whatever came of the run, and nothing where none did", async () => {
    await using services = await servicesInFolder();
    await services.register("a", 8);
    const commit = "1a2b3c4d".repeat(5);
    const old = await submit(services, "1.0", "none", { commit });
    await benchWork(services, old, "1.0");
    const other = await submit(services, "1.1", "{commit: 0000000}");
    await pass(services, old, 2, 1, "1.0");
    expect(await benchWork(services, other, "1.1")).toMatchObject({ measure: { baseline: null } });
    await pass(services, other, 2, 1, "1.1");
    const run = await submit(services, "1.2", "{commit: 1a2b3c4}");
    expect(await benchWork(services, run, "1.2")).toMatchObject({
      measure: { baseline: { kind: "wheel", version: "1.0", run: `r${old}`, commit } },
    });
  });
});
