import { createReadStream } from "node:fs";
import { Transform } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { isPassing, type FarmClient } from "./client.ts";
import { FarmRefusal } from "./problem.ts";

/** Below this, sending everything again costs less than asking how much of it is there. */
const RESUME_BYTES_MIN = 1024 * 1024;
/** Tries without a byte more than before; a connection that breaks further on may be made again any number of times. */
const TRIES_MAX = 4;
const RETRY_MS = 250;
const PROGRESS_INTERVAL_MS = 2_000;

export interface FileToSend {
  readonly path: string;
  readonly sha256: string;
  readonly sizeBytes: number;
}

/**
 * Stores a file under its digest, and goes on from what is there after a break.
 * One stream and not several: one fills the line, and the farm makes the digest in
 * the order of the bytes. `progress` is told now and then how far it is.
 */
export async function uploadFile(
  client: FarmClient,
  file: FileToSend,
  options: { readonly progress: (sentBytes: number) => void; readonly signal: AbortSignal; readonly retryMs?: number },
): Promise<void> {
  const { sha256, sizeBytes } = file;
  let farthest = 0;
  for (let fruitless = 1; ; fruitless++) {
    try {
      // The last byte is always sent: all may be there and not be checked yet.
      const there = sizeBytes < RESUME_BYTES_MIN ? 0 : await client.receivedBytes(sha256);
      const from = Math.max(0, Math.min(there, sizeBytes - 1));
      if (from > farthest) fruitless = 1;
      farthest = Math.max(farthest, from);
      return await client.putBlob(sha256, { from, sizeBytes }, () => counted(file.path, from, options.progress));
    } catch (error) {
      if (!mayPass(error) || fruitless >= TRIES_MAX) throw error;
    }
    const waitMs = (options.retryMs ?? RETRY_MS) * 2 ** (fruitless - 1);
    await delay(waitMs, undefined, { signal: options.signal });
  }
}

/** Also bytes that were damaged on the way, and a farm that has not yet seen that an earlier connection broke. */
function mayPass(error: unknown): boolean {
  if (isPassing(error)) return true;
  return error instanceof FarmRefusal && /:(?:digest-mismatch|upload-conflict)$/.test(error.type);
}

function counted(path: string, from: number, progress: (sentBytes: number) => void): Transform {
  let sent = from;
  let toldMs = performance.now();
  const counter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      sent += chunk.length;
      const nowMs = performance.now();
      if (nowMs - toldMs >= PROGRESS_INTERVAL_MS) {
        toldMs = nowMs;
        progress(sent);
      }
      done(null, chunk);
    },
  });
  const source = createReadStream(path, { start: from, highWaterMark: 256 * 1024 });
  source.on("error", (error) => counter.destroy(error));
  counter.on("close", () => source.destroy());
  return source.pipe(counter);
}
