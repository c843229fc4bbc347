import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, rename, rm, stat } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { CliError } from "../program/cli-error.ts";
import { isPassing, type FarmClient } from "./client.ts";
import { ConnectionError } from "./http-request.ts";

/** Tries without a byte more than before. */
const TRIES_MAX = 4;
/** Downloads that come damaged before the fault is taken to be the farm's. */
const DAMAGED_MAX = 3;
const RETRY_MS = 250;

export interface BlobToGet {
  readonly sha256: string;
  readonly sizeBytes: number;
}

export interface DownloadOptions {
  readonly signal: AbortSignal;
  readonly retryMs?: number;
}

/**
 * Saves a blob as `path`: written to `path`.part, checked against its digest, and
 * only then given its name. What is in the .part of an earlier try is not asked for
 * again. A file that is there with the right bytes stays; returns how many came.
 */
export async function downloadFile(
  client: FarmClient,
  blob: BlobToGet,
  path: string,
  options: DownloadOptions,
): Promise<number> {
  if (await sizeOf(path)) {
    if ((await digestOf(path)) === blob.sha256) return 0;
    throw new CliError(`${path} is there and has other bytes.`, { advice: "Move it away, or save elsewhere with -o." });
  }
  const part = `${path}.part`;
  let received = 0;
  let damaged = 0;
  for (let fruitless = 1; ; fruitless++) {
    try {
      const there = await sizeOf(part);
      if (there > blob.sizeBytes) await rm(part);
      const from = there > blob.sizeBytes ? 0 : there;
      if (from < blob.sizeBytes || from === 0) {
        for await (const bytes of appended(client, blob, part, from)) {
          received += bytes;
          fruitless = 1;
        }
      }
      if ((await digestOf(part)) === blob.sha256) {
        await rename(part, path);
        return received;
      }
      await rm(part);
      damaged++;
      if (damaged === DAMAGED_MAX) throw new CliError(`${blob.sha256} came with another digest ${damaged} times.`);
    } catch (error) {
      if (options.signal.aborted) throw options.signal.reason;
      if (!isPassing(error) || fruitless >= TRIES_MAX) throw error;
    }
    await delay((options.retryMs ?? RETRY_MS) * 2 ** (fruitless - 1), undefined, { signal: options.signal });
  }
}

/** Adds what is missing to the file; gives the length of each piece. */
async function* appended(client: FarmClient, blob: BlobToGet, path: string, from: number): AsyncGenerator<number> {
  const stream = await client.blob(blob.sha256, from);
  await using file = await open(path, from === 0 ? "w" : "a");
  try {
    for await (const bytes of stream as AsyncIterable<Buffer>) {
      await file.write(bytes);
      yield bytes.length;
    }
    await file.datasync();
  } catch (error) {
    throw isOfTheDisk(error) ? error : new ConnectionError(error);
  } finally {
    stream.destroy();
  }
}

function isOfTheDisk(error: unknown): boolean {
  return error instanceof Error && "code" in error && /^(?:ENOSPC|EDQUOT|EIO|EROFS|EFBIG)$/.test(String(error.code));
}

async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  );
}

/** Lower-case hexadecimal SHA-256. */
async function digestOf(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path, { highWaterMark: 256 * 1024 }) as AsyncIterable<Buffer>) {
    hash.update(chunk);
  }
  return hash.digest("hex");
}
