import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { pino } from "pino";
import type { Plan } from "@kiln/matrix";
import { createZipWheelReader } from "../adapters/zip/wheel-reader.ts";
import type { SqliteStores } from "../adapters/sqlite/store.ts";
import { insertRun as insertRunOf } from "../domain/insert-run.ts";
import { newLiveRun } from "../domain/live-run.ts";
import type { AttemptRow } from "../domain/rows.ts";
import { runRow } from "../domain/testing.ts";
import type { BlobStore } from "../ports/blob-store.ts";
import type { Upstream } from "../ports/upstream.ts";
import { BuildStager } from "./build-stager.ts";
import { FileStager } from "./file-stager.ts";
import { PlanCache } from "./plan-cache.ts";
import { RunIndexes } from "./run-indexes.ts";
import { RunStagingIndex } from "./run-staging-index.ts";

// The staging index on real stores, for tests.

const NO_UPSTREAM: Upstream = {
  page: async () => ({ ok: false, reason: "not-configured" }),
  file: async () => ({ ok: false, reason: "not-configured" }),
  [Symbol.asyncDispose]: async () => {},
};

export function stagingIndexOn(
  store: SqliteStores,
  blobs: BlobStore,
  upstream: Upstream = NO_UPSTREAM,
): { readonly index: RunStagingIndex; readonly builds: BuildStager } {
  const clock = { nowMs: () => Date.UTC(2026, 0, 2, 3, 4, 5) };
  const plans = new PlanCache(store, 1_000_000);
  const stager = new FileStager({ blobs, store: store.staging, wheels: createZipWheelReader(blobs), clock });
  const log = pino({ level: "silent" });
  const builds = new BuildStager({ stager, store: store.staging, blobs, clock, log });
  const runs = new RunIndexes(store, plans);
  return { index: new RunStagingIndex({ runs, plans, store: store.staging, blobs, stager, builds, upstream }), builds };
}

/** A run of the candidate `demo` (or another) with this plan. */
export async function insertRun(store: SqliteStores, run: number, plan: Plan, name = "demo"): Promise<void> {
  const row = { ...runRow(run), candidate: { ...runRow(run).candidate, name } };
  await store.commit([insertRunOf(newLiveRun(row, plan, 0), plan, JSON.stringify(plan))]);
}

/** Records that a build passed and made a file, whose bytes become a blob. */
export async function passBuild(
  parts: { readonly store: SqliteStores; readonly blobs: BlobStore },
  { run, job, filename, bytes }: { run: number; job: number; filename: string; bytes: Uint8Array },
): Promise<string> {
  const sha256 = await putBytes(parts.blobs, bytes);
  const row = await parts.store.job(run, job);
  if (!row) throw new Error(`r${run} has no job ${job}`);
  const attempt: AttemptRow = {
    ...{ run, job, attempt: 1, agentId: "a", state: "finished", outcome: "passed", summary: "", excerpt: "" },
    ...{ pythonVersion: "", assignedAtMs: 1, startedAtMs: 1, finishedAtMs: 2, ackedSeq: 1 },
    ...{ logBytes: 0, logBytesDropped: 0, steps: [], unhealthy: "" },
    devices: { host: "agent:a", gpus: [], exclusive: false },
    artifacts: [{ role: "wheel", blob: { sha256, sizeBytes: bytes.byteLength, filename } }],
    reports: [],
  };
  await parts.store.commit([
    { op: "insert-attempt", row: attempt },
    { op: "update-job", row: { ...row, state: "finished", outcome: "passed", attempts: 1 } },
  ]);
  return sha256;
}

export async function putBytes(blobs: BlobStore, bytes: Uint8Array): Promise<string> {
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const outcome = await blobs.put(sha256, Readable.from([bytes], { objectMode: false }));
  if (!outcome.ok) throw new Error(`the blob was refused: ${outcome.reason}`);
  return sha256;
}
