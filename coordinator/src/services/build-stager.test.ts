import { temporaryFolder } from "@kiln/testkit";
import { join } from "node:path";
import type { Plan } from "@kiln/matrix";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openDiskBlobStore } from "../adapters/disk/blob-store.ts";
import { openSqliteStore, type SqliteStores } from "../adapters/sqlite/store.ts";
import type { FrameBody } from "../domain/frame.ts";
import { wheel } from "../domain/staging/testing.ts";
import { twoStepPlan } from "../domain/testing.ts";
import type { BlobStore } from "../ports/blob-store.ts";
import type { BuildStager } from "./build-stager.ts";
import type { RunStagingIndex } from "./run-staging-index.ts";
import { FakePeer, servicesInFolder } from "./testing.ts";
import { insertRun, passBuild, putBytes, stagingIndexOn } from "./testing-index.ts";

let stack: AsyncDisposableStack;
let dir: string;
let store: SqliteStores;
let blobs: BlobStore;
let index: RunStagingIndex;
let builds: BuildStager;

beforeEach(async () => {
  stack = new AsyncDisposableStack();
  dir = stack.use(temporaryFolder("kiln-staging-")).path;
  blobs = await openDiskBlobStore(join(dir, "blobs"), { blobBytesMax: 1_000_000 });
  store = stack.use(openSqliteStore(join(dir, "kiln.db")));
  ({ index, builds } = stagingIndexOn(store, blobs));
});
afterEach(() => stack.disposeAsync());

const FILENAME = "demo-1.0-py3-none-any.whl";
const made = (job: number, bytes: Uint8Array, filename = FILENAME) =>
  passBuild({ store, blobs }, { run: 1, job, filename, bytes });

async function filenames(variant: string): Promise<readonly string[]> {
  const outcome = await index.page({ run: 1, variant }, "demo");
  if (!outcome.ok) throw new Error(`no page: ${JSON.stringify(outcome)}`);
  return outcome.page.files.map(({ filename }) => filename);
}

/** The builds of the plan are for these indexes; null: for any. */
function planFor(...variants: readonly (string | null)[]): Plan {
  const plan = twoStepPlan(variants.map((_, n) => `3.${10 + n}`));
  let next = 0;
  const jobs = plan.jobs.map((job) =>
    job.kind === "build" ? { ...job, wheel: { ...job.wheel, index: variants[next++] ?? null } } : job,
  );
  return { ...plan, jobs };
}

describe("the wheel of a passed build", () => {
  it("is on the index as soon as anybody looks, also when it passed before a restart", async () => {
    await insertRun(store, 1, planFor(null));
    const sha256 = await made(0, wheel({ metadata: ["Requires-Python: >=3.9"] }));
    expect(await filenames("any")).toEqual([FILENAME]);
    const staged = await index.staged(1);
    expect(staged?.files).toMatchObject([{ filename: FILENAME, sha256, requiresPython: ">=3.9", job: 0 }]);
    expect(staged?.jobName(0)).toBe("build-cp310-linux-x86_64");
    const { index: restarted } = stagingIndexOn(store, blobs);
    expect((await restarted.staged(1))?.files).toEqual(staged?.files);
  });

  it("that passes later is on the index when the next one looks", async () => {
    await insertRun(store, 1, planFor(null, null));
    await made(0, wheel());
    expect(await filenames("any")).toEqual([FILENAME]);
    await made(2, wheel({ version: "1.0.post1" }), "demo-1.0.post1-py3-none-any.whl");
    builds.built(1);
    expect(await filenames("any")).toHaveLength(2);
  });

  it("is on the index of its variant; one for any variant is on every one", async () => {
    await insertRun(store, 1, planFor("cu118", "cpu", null));
    await made(0, wheel(), "demo-1.0-1-py3-none-any.whl");
    await made(2, wheel({ files: { "demo.py": "CPU\n" } }), "demo-1.0-1-py3-none-any.whl");
    await made(4, wheel(), "demo-1.0-2-py3-none-any.whl");
    expect(await filenames("cu118")).toEqual(["demo-1.0-1-py3-none-any.whl", "demo-1.0-2-py3-none-any.whl"]);
    expect(await filenames("cpu")).toEqual(["demo-1.0-1-py3-none-any.whl", "demo-1.0-2-py3-none-any.whl"]);
    expect(await filenames("any")).toEqual(["demo-1.0-2-py3-none-any.whl"]);
    expect(await index.page({ run: 1, variant: "cu999" }, "demo")).toEqual({
      ok: false,
      reason: "no-such-variant",
      variants: ["any", "cu118", "cpu"],
    });
    expect(await index.page({ run: 2, variant: "any" }, "demo")).toEqual({ ok: false, reason: "no-such-run" });
  });

  it("that lies or is broken is refused once, with the reason, and does not keep others away", async () => {
    await insertRun(store, 1, planFor(null, null, null));
    await made(0, Buffer.from("not a zip"));
    await made(2, wheel());
    await made(4, wheel({ files: { "demo.py": "other bytes\n" } }));
    expect(await filenames("any")).toEqual([FILENAME]);
    const refused = (await index.staged(1))?.refused ?? [];
    expect(refused.map(({ job, reason }) => [job, reason])).toEqual([
      [0, expect.stringMatching(/^demo-1\.0-py3-none-any\.whl is refused: it is not a readable zip archive/)],
      [4, expect.stringMatching(/is refused: the index any has a file of this name with other bytes/)],
    ]);
    expect(await store.staging.unstaged(1)).toEqual([]);
  });

  it("is staged by many who look at once, one time", async () => {
    await insertRun(store, 1, planFor(null));
    await made(0, wheel());
    const pages = await Promise.all(Array.from({ length: 20 }, () => filenames("any")));
    expect(new Set(pages.map((page) => page.join()))).toEqual(new Set([FILENAME]));
  });

  it("whose staging fails for the coordinator's own reasons is tried again by the next who looks", async () => {
    await insertRun(store, 1, planFor(null));
    await made(0, wheel());
    const broken: BlobStore = {
      put: () => Promise.reject(new Error("disk full")),
      size: (sha256) => blobs.size(sha256),
      read: (sha256, range) => blobs.read(sha256, range),
    };
    let current = broken;
    const switching: BlobStore = {
      put: (sha256, bytes) => current.put(sha256, bytes),
      size: (sha256) => current.size(sha256),
      read: (sha256, range) => current.read(sha256, range),
    };
    ({ index } = stagingIndexOn(store, switching));
    await expect(filenames("any")).rejects.toThrow("disk full");
    current = blobs;
    expect(await filenames("any")).toEqual([FILENAME]);
  });
});

describe("the farm's engine", () => {
  it("says that a build has passed before it gives the test that needs it to an agent", async () => {
    await using farm = await servicesInFolder();
    const told: number[] = [];
    farm.hub.onBuilt((run) => told.push(run, farm.bus.assignments.length));
    await farm.register("a");
    await farm.submit(["3.12"]);
    const bytes = wheel();
    const sha256 = await putBytes(farm.blobs, bytes);
    const peer = new FakePeer("a");
    const bodies: readonly FrameBody[] = [
      { type: "started", pythonVersion: "3.12.1" },
      { type: "artifact", role: "wheel", blob: { sha256, sizeBytes: bytes.byteLength, filename: FILENAME } },
      { type: "finished", outcome: "passed", summary: "", excerpt: "", logBytesDropped: 0 },
    ];
    const frames = bodies.map((body, n) => ({ seq: n + 1, atMs: 0, body }));
    await farm.ingest.accept(peer, [{ key: { run: 1, job: 0, attempt: 1 }, frames }]);
    await peer.until(() => peer.acks.some(({ seq }) => seq === 3));
    // One assignment so far: the build's own.
    expect(told).toEqual([1, 1]);
    expect(await farm.store.staging.unstaged(1)).toMatchObject([{ job: 0, filename: FILENAME, sha256 }]);
  });
});
