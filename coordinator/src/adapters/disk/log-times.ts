import { open } from "node:fs/promises";
import { constants } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { LOG_TIME_BYTES_MIN, LOG_TIME_MS_MIN, type LogTime } from "../../ports/log-store.ts";
import { writeFully } from "./write-fully.ts";

/** Offset and Unix time in milliseconds, each a little-endian double. */
const RECORD_BYTES = 16;

/**
 * When the bytes of a log came: a file of fixed-size records beside it, in the
 * order of both. Gathered in memory and written when the log is synced; a record
 * that a crash cut in two, or that is written again after one, is passed over.
 */
export class LogTimesFile {
  readonly #path: string;
  #pending: LogTime[] = [];
  #last: LogTime | null = null;
  #handle: FileHandle | null = null;
  #endBytes = 0;

  constructor(path: string) {
    this.#path = path;
  }

  note(times: readonly LogTime[]): void {
    for (const time of times) {
      const last = this.#pending.at(-1) ?? this.#last;
      if (last && !isWorthAnEntry(last, time)) continue;
      this.#pending.push(time);
    }
  }

  async flush(): Promise<void> {
    if (this.#pending.length === 0) return;
    const pending = this.#pending;
    this.#pending = [];
    this.#handle ??= await this.#open();
    const last = this.#last;
    const fresh = last ? pending.filter((time) => isWorthAnEntry(last, time)) : pending;
    if (fresh.length === 0) return;
    const bytes = Buffer.allocUnsafe(fresh.length * RECORD_BYTES);
    for (const [index, { offset, atMs }] of fresh.entries()) {
      bytes.writeDoubleLE(offset, index * RECORD_BYTES);
      bytes.writeDoubleLE(atMs, index * RECORD_BYTES + 8);
    }
    await writeFully(this.#handle, [bytes], this.#endBytes);
    this.#endBytes += bytes.length;
    this.#last = fresh.at(-1) ?? this.#last;
  }

  async close(): Promise<void> {
    try {
      await this.flush();
    } finally {
      await this.#handle?.close();
      this.#handle = null;
    }
  }

  async #open(): Promise<FileHandle> {
    const handle = await open(this.#path, constants.O_RDWR | constants.O_CREAT, 0o644);
    this.#endBytes = wholeRecords((await handle.stat()).size);
    if (this.#endBytes > 0) this.#last = (await readTimes(handle, this.#endBytes / RECORD_BYTES - 1, 1))[0] ?? null;
    return handle;
  }
}

/** At most `max` entries, from the one that holds at byte `from` on. */
export async function timesFrom(handle: FileHandle, from: number, max: number): Promise<readonly LogTime[]> {
  const count = wholeRecords((await handle.stat()).size) / RECORD_BYTES;
  // The last entry that begins at or before `from`; the first one when none does.
  let [low, high] = [0, count];
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    const [time] = await readTimes(handle, middle, 1);
    if (time && time.offset <= from) low = middle;
    else high = middle;
  }
  return count === 0 ? [] : readTimes(handle, low, Math.min(max, count - low));
}

async function readTimes(handle: FileHandle, index: number, count: number): Promise<LogTime[]> {
  const bytes = Buffer.allocUnsafe(count * RECORD_BYTES);
  const { bytesRead } = await handle.read(bytes, 0, bytes.length, index * RECORD_BYTES);
  return Array.from({ length: wholeRecords(bytesRead) / RECORD_BYTES }, (_, n) => ({
    offset: bytes.readDoubleLE(n * RECORD_BYTES),
    atMs: bytes.readDoubleLE(n * RECORD_BYTES + 8),
  }));
}

function wholeRecords(bytes: number): number {
  return bytes - (bytes % RECORD_BYTES);
}

function isWorthAnEntry(last: LogTime, time: LogTime): boolean {
  if (time.offset <= last.offset) return false;
  return time.offset - last.offset >= LOG_TIME_BYTES_MIN || Math.abs(time.atMs - last.atMs) >= LOG_TIME_MS_MIN;
}
