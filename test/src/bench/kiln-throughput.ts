import { closeSync, createReadStream, fdatasyncSync, openSync, writeSync } from "node:fs";
import { createHash, randomBytes } from "node:crypto";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import type { RunView } from "@kiln/proto";
import type { Farm } from "../farm/farm.ts";
import { residentMb } from "../farm/process-memory.ts";

const SDIST = Buffer.from("a source of no importance");
const PYTHONS = ["3.8", "3.9", "3.10", "3.11", "3.12", "3.13"];
const MIB = 1024 * 1024;

export interface DrainResult {
  readonly jobs: number;
  readonly idleMb: number | null;
  /** With every job queued and no agent to run them. */
  readonly queuedMb: number | null;
  readonly jobsPerSecond: number;
}

/** Queues no-op jobs while no agent is there, then starts one and measures how fast they drain. */
export async function measureDrain(farm: Farm, jobsWanted: number): Promise<DrainResult> {
  const { api } = farm;
  const spec = `kiln: 1\nmatrix: {os: [linux-x86_64], python: [${PYTHONS.map((python) => `"${python}"`).join(", ")}]}\nbuild: {env: {KILN_DUMMY: pass}}\ntest: {command: pass}\n`;
  await api.putBlob(SDIST);
  const idleMb = residentMb(farm.coordinator.pid);
  const runs: string[] = [];
  const jobsPerRun = PYTHONS.length * 2;
  let left = Math.ceil(jobsWanted / jobsPerRun);
  const submit = async (): Promise<void> => {
    while (left-- > 0)
      runs.push(await api.submitStored({ spec, name: "bench", version: "1.0", sdist: SDIST, reuse: "never" }));
  };
  await Promise.all(Array.from({ length: 8 }, submit));
  const queuedMb = residentMb(farm.coordinator.pid);
  const jobs = runs.length * jobsPerRun;
  await farm.startAgent("drain");
  // From when the agent is there until the last outcome is durable, by the coordinator's own clock.
  // The run submitted last is among the last to end; watching all of them would be measured too.
  const last = runs.at(-1);
  if (last !== undefined) await api.finished(last);
  const views: RunView[] = [];
  for (const run of runs) views.push(await api.finished(run));
  const failed = views.flatMap((view) => view.jobs).filter((job) => job.outcome !== "passed");
  if (failed.length > 0) {
    throw new Error(
      `${failed.length} of ${jobs} jobs did not pass: ${failed[0]?.name} ${failed[0]?.outcome}: ${failed[0]?.summary}`,
    );
  }
  const startedAtMs = Math.min(...views.map((view) => view.startedAtMs ?? Infinity));
  const finishedAtMs = Math.max(...views.map((view) => view.finishedAtMs ?? 0));
  return { jobs, idleMb, queuedMb, jobsPerSecond: (jobs / (finishedAtMs - startedAtMs)) * 1000 };
}

/** MB/s (10^6 bytes) of one job's log, from its start to its durable end. */
export async function measureLogs(farm: Farm, bytes: number): Promise<number> {
  const spec = `kiln: 1\nmatrix: {os: [linux-x86_64], python: ["3.12"]}\nbuild: {env: {KILN_DUMMY: "flood ${bytes}"}, log-limit: 2GiB}\ntest: {command: pass}\n`;
  const run = await farm.api.submit({ spec, name: "bench", version: "1.0", sdist: SDIST, reuse: "never" });
  await farm.api.finished(run);
  const { history } = await farm.api.job(run, "build-cp312-linux-x86_64");
  const [attempt] = history;
  if (attempt?.outcome !== "passed" || attempt.logBytes !== bytes) {
    throw new Error(`the log has ${attempt?.logBytes} bytes and ended as ${attempt?.outcome}: ${attempt?.summary}`);
  }
  return bytes / 1e6 / (((attempt.finishedAtMs ?? 0) - (attempt.startedAtMs ?? 0)) / 1000);
}

/** MB/s of the same bytes written straight to a file in 64 KiB pieces, synced every 8 MiB. */
export function measureBareWrites(folder: string, bytes: number): number {
  const piece = randomBytes(64 * 1024);
  const file = openSync(join(folder, "bare.log"), "w");
  const startedMs = performance.now();
  for (let written = 0; written < bytes; written += piece.length) {
    writeSync(file, piece);
    if (written % (8 * MIB) === 0) fdatasyncSync(file);
  }
  fdatasyncSync(file);
  const seconds = (performance.now() - startedMs) / 1000;
  closeSync(file);
  return bytes / 1e6 / seconds;
}

export interface BlobResult {
  readonly putMbPerSecond: number;
  readonly getMbPerSecond: number;
  readonly sha256MbPerSecond: number;
}

/** A blob up and down over HTTP, and SHA-256 alone over the same file. */
export async function measureBlob(farm: Farm, bytes: number): Promise<BlobResult> {
  const path = join(farm.dir, `blob-${randomBytes(4).toString("hex")}`);
  const file = openSync(path, "w");
  const piece = randomBytes(MIB);
  for (let written = 0; written < bytes; written += MIB) {
    piece.writeUInt32LE(written / MIB, 0);
    writeSync(file, piece);
  }
  closeSync(file);

  let startedMs = performance.now();
  const hash = createHash("sha256");
  await pipeline(createReadStream(path, { highWaterMark: MIB }), hash);
  const sha256 = hash.digest("hex");
  const rate = (): number => bytes / 1e6 / ((performance.now() - startedMs) / 1000);
  const sha256MbPerSecond = rate();

  startedMs = performance.now();
  await farm.api.putFile(sha256, path, bytes);
  const putMbPerSecond = rate();

  startedMs = performance.now();
  const response = await farm.api.fetch(`/api/v1/blobs/${sha256}`);
  let received = 0;
  for await (const chunk of response.body ?? []) received += chunk.length;
  if (received !== bytes) throw new Error(`${received} of ${bytes} bytes came back`);
  return { putMbPerSecond, getMbPerSecond: rate(), sha256MbPerSecond };
}
