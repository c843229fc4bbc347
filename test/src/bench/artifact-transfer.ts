import { createHash, randomBytes } from "node:crypto";
import { closeSync, createReadStream, mkdirSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import {
  AgentHttp,
  BlobCache,
  CredentialFolder,
  HttpBlobClient,
  joinAtStart,
  LiveCredentials,
  readConfig,
  systemClock,
  type Log,
} from "@kiln/agent";
import type { Farm } from "../farm/farm.ts";

const MIB = 1024 * 1024;
const QUIET: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** MB/s, 10^6 bytes. */
export interface TransferResult {
  /** Hashed, sent, hashed again by the coordinator, and durable there. */
  readonly uploadMbPerSecond: number;
  /** Into the agent's cache with its digest checked, and from there into a job's folder, checked again. */
  readonly downloadMbPerSecond: number;
  /** SHA-256 alone of the same file. */
  readonly sha256MbPerSecond: number;
}

/** One artifact from an agent to the coordinator and back, by the agent's own client. */
export async function measureTransfer(farm: Farm, bytes: number): Promise<TransferResult> {
  const name = randomBytes(4).toString("hex");
  const path = join(farm.dir, `artifact-${name}`);
  writeRandom(path, bytes);
  const config = readConfig(farm.agentEnvironment(`transfer-${name}`));
  if (!config.ok) throw new Error(config.problems.join("; "));
  const { folder, blobCacheBytesMax } = config.config;
  mkdirSync(folder, { recursive: true });
  const parts = { clock: systemClock, log: QUIET, random: () => 0.5 };
  const credentials = await joinAtStart(config.config, new CredentialFolder(folder), { env: process.env, ...parts });
  await using http = new AgentHttp(new LiveCredentials(credentials));
  const cache = new BlobCache(join(folder, "blobs"), blobCacheBytesMax);
  const client = new HttpBlobClient(http, { cache, ...parts });
  const { signal } = new AbortController();
  let startedMs = performance.now();
  const rate = (): number => bytes / 1e6 / ((performance.now() - startedMs) / 1000);

  const hash = createHash("sha256");
  await pipeline(createReadStream(path, { highWaterMark: MIB }), hash);
  const sha256 = hash.digest("hex");
  const sha256MbPerSecond = rate();

  startedMs = performance.now();
  const stored = await client.store(path, "artifact.whl", signal);
  const uploadMbPerSecond = rate();
  if (!stored.ok || stored.blob.sha256 !== sha256) throw new Error(`it was not stored: ${JSON.stringify(stored)}`);

  startedMs = performance.now();
  const fetched = await client.fetch(stored.blob, `${path}.back`, signal);
  const downloadMbPerSecond = rate();
  if (!fetched.ok) throw new Error(fetched.message);
  for (const file of [path, `${path}.back`]) rmSync(file);
  return { uploadMbPerSecond, downloadMbPerSecond, sha256MbPerSecond };
}

function writeRandom(path: string, bytes: number): void {
  const file = openSync(path, "w");
  const piece = randomBytes(MIB);
  for (let written = 0; written < bytes; written += MIB) {
    piece.writeUInt32LE(written / MIB, 0);
    writeSync(file, piece);
  }
  closeSync(file);
}
