import { randomUUID } from "node:crypto";
import { mkdir, open, readdir, rename, rm, stat, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import type { AttemptKey } from "../../domain/attempt-key.ts";
import type { LogStore, LogTime } from "../../ports/log-store.ts";
import { HandleCache } from "./handle-cache.ts";
import { LogFile, timesPath } from "./log-file.ts";
import { timesFrom } from "./log-times.ts";
import { SharedFolderSync } from "./shared-folder-sync.ts";

/** Of a folder that is being removed. */
const REMOVED_SUFFIX = ".removed";

export interface DiskLogStoreOptions {
  /** Most files open for writing at once, and as many again for reading; 256 unless given. */
  readonly openFilesMax?: number;
}

/**
 * Opens a folder as a log store. The folder is created where it is missing; it
 * holds `r12/7.1.log` for the first attempt at job 7 of run 12, and `r12/7.1.times` for when it came. Disposing the store
 * makes everything durable and lets go of the files.
 */
export async function openDiskLogStore(
  folder: string,
  { openFilesMax = 256 }: DiskLogStoreOptions = {},
): Promise<LogStore & AsyncDisposable> {
  await mkdir(folder, { recursive: true });
  for (const name of await readdir(folder)) {
    if (name.endsWith(REMOVED_SUFFIX)) await rm(join(folder, name), { recursive: true, force: true });
  }
  return new DiskLogStore(folder, openFilesMax);
}

class DiskLogStore implements LogStore, AsyncDisposable {
  readonly #folder: string;
  readonly #writing: HandleCache<LogFile>;
  /** Apart from the writers', so that people who read old logs do not make writers sync early. */
  readonly #reading: HandleCache<FileHandle>;
  /**
   * Logs that could not be synced. The kernel may have dropped their bytes and
   * forgotten that they were ever dirty, so a later sync that succeeds proves
   * nothing: they stay failed until the process starts anew and what was never
   * acknowledged is written again.
   */
  readonly #failed = new Map<string, unknown>();

  constructor(folder: string, openFilesMax: number) {
    this.#folder = folder;
    const folders = new SharedFolderSync();
    this.#writing = new HandleCache<LogFile>({
      openMax: openFilesMax,
      open: (path) => LogFile.open(path, folders),
      close: (file, path) => this.#noteFailure(path, file.close()).catch(() => {}),
    });
    this.#reading = new HandleCache<FileHandle>({
      openMax: openFilesMax,
      open: (path) => open(path, "r"),
      close: (handle) => handle.close().catch(() => {}),
    });
  }

  async write(
    key: AttemptKey,
    offset: number,
    chunks: readonly Uint8Array[],
    times: readonly LogTime[] = [],
  ): Promise<void> {
    await this.#writing.use(this.#path(key), (file) => file.write(offset, chunks, times));
  }

  async sync(key: AttemptKey): Promise<void> {
    const path = this.#path(key);
    // A file that is not open has nothing to sync: closing one syncs it.
    await this.#writing.useIfOpen(path, (file) => this.#noteFailure(path, file.sync()));
    if (this.#failed.has(path)) throw this.#failed.get(path);
  }

  async size(key: AttemptKey): Promise<number> {
    const found = await stat(this.#path(key)).catch(nullIfMissing);
    return found ? found.size : 0;
  }

  async read(key: AttemptKey, offset: number, maxBytes: number): Promise<Uint8Array> {
    const bytes = await this.#reading
      .use(this.#path(key), (handle) => readUpTo(handle, offset, maxBytes))
      .catch(nullIfMissing);
    return bytes ?? new Uint8Array(0);
  }

  async times(key: AttemptKey, from: number, max: number): Promise<readonly LogTime[]> {
    const path = this.#path(key);
    await this.#writing.useIfOpen(path, (file) => file.flushTimes());
    const times = await this.#reading
      .use(timesPath(path), (handle) => timesFrom(handle, from, max))
      .catch(nullIfMissing);
    return times ?? [];
  }

  async close(key: AttemptKey): Promise<void> {
    const path = this.#path(key);
    await Promise.all([this.#writing.drop(path), this.#reading.drop(path), this.#reading.drop(timesPath(path))]);
  }

  async removeRun(run: number): Promise<number> {
    const folder = join(this.#folder, `r${run}`);
    const names = (await readdir(folder).catch(nullIfMissing)) ?? [];
    let bytes = 0;
    for (const path of names.map((name) => join(folder, name))) {
      // A reader's open file would go on showing what is gone.
      await Promise.all([this.#writing.drop(path), this.#reading.drop(path)]);
      bytes += (await stat(path).catch(nullIfMissing))?.size ?? 0;
    }
    // In one step: a run that is tried again gets a new folder.
    const removed = `${folder}.${randomUUID()}${REMOVED_SUFFIX}`;
    await rename(folder, removed).catch(nullIfMissing);
    await rm(removed, { recursive: true, force: true });
    return bytes;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#writing[Symbol.asyncDispose](), this.#reading[Symbol.asyncDispose]()]);
  }

  #path(key: AttemptKey): string {
    return join(this.#folder, `r${key.run}`, `${key.job}.${key.attempt}.log`);
  }

  async #noteFailure(path: string, syncing: Promise<void>): Promise<void> {
    try {
      await syncing;
    } catch (cause) {
      this.#failed.set(path, cause);
      throw cause;
    }
  }
}

async function readUpTo(handle: FileHandle, offset: number, maxBytes: number): Promise<Uint8Array> {
  const buffer = Buffer.allocUnsafe(maxBytes);
  const { bytesRead } = await handle.read(buffer, 0, maxBytes, offset);
  const bytes = buffer.subarray(0, bytesRead);
  // A short tail must not keep the whole buffer alive while a slow reader holds it.
  return bytesRead * 2 < maxBytes ? Buffer.from(bytes) : bytes;
}

function nullIfMissing(cause: NodeJS.ErrnoException): null {
  if (cause.code === "ENOENT") return null;
  throw cause;
}
