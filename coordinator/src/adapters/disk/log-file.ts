import { constants } from "node:fs";
import { mkdir, open, type FileHandle } from "node:fs/promises";
import { dirname } from "node:path";
import type { LogTime } from "../../ports/log-store.ts";
import { LogTimesFile } from "./log-times.ts";
import type { SharedFolderSync } from "./shared-folder-sync.ts";
import { writeFully } from "./write-fully.ts";

/** A log that is open for writing, and whether it has bytes that are not durable. */
export class LogFile {
  readonly #path: string;
  readonly #handle: FileHandle;
  readonly #times: LogTimesFile;
  readonly #folders: SharedFolderSync;
  #dirty = false;
  /** An earlier process may have made the file and not lived to sync its folder. */
  #nameSynced = false;
  #syncing: Promise<void> | null = null;
  /** Why a sync failed; there is no second chance for the same bytes (see DiskLogStore). */
  #failure: Error | null = null;

  private constructor(path: string, handle: FileHandle, folders: SharedFolderSync) {
    this.#folders = folders;
    this.#path = path;
    this.#handle = handle;
    this.#times = new LogTimesFile(timesPath(path));
  }

  static async open(path: string, folders: SharedFolderSync): Promise<LogFile> {
    return new LogFile(path, await openForWriting(path), folders);
  }

  async write(offset: number, chunks: readonly Uint8Array[], times: readonly LogTime[]): Promise<void> {
    this.#times.note(times);
    try {
      await writeFully(this.#handle, chunks, offset);
    } finally {
      // Also after a failure: part of it may have been written.
      this.#dirty = true;
    }
  }

  /** Covers every write that resolved before the call. Costs nothing when there was none since the last one. */
  async sync(): Promise<void> {
    while (this.#syncing) await this.#syncing;
    if (this.#dirty) await (this.#syncing = this.#syncNow().finally(() => (this.#syncing = null)));
    if (this.#failure) throw this.#failure;
  }

  async close(): Promise<void> {
    try {
      await this.sync();
    } finally {
      await this.#times.close();
      await this.#handle.close();
    }
  }

  /** What is noted of times becomes visible to readers. */
  async flushTimes(): Promise<void> {
    while (this.#syncing) await this.#syncing;
    await (this.#syncing = this.#times.flush().finally(() => (this.#syncing = null)));
  }

  async #syncNow(): Promise<void> {
    this.#dirty = false;
    try {
      await this.#times.flush();
      await this.#handle.datasync();
      if (!this.#nameSynced) await this.#syncName();
    } catch (cause) {
      this.#failure ??= new Error(`${this.#path} could not be made durable`, { cause });
    }
  }

  async #syncName(): Promise<void> {
    const folder = dirname(this.#path);
    await this.#folders.sync(folder);
    await this.#folders.sync(dirname(folder));
    this.#nameSynced = true;
  }
}

/** Where the times of a log are kept. */
export function timesPath(path: string): string {
  return path.replace(/\.log$/, ".times");
}

async function openForWriting(path: string): Promise<FileHandle> {
  try {
    return await open(path, constants.O_WRONLY | constants.O_CREAT, 0o644);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ENOENT") throw cause;
  }
  await mkdir(dirname(path), { recursive: true });
  return open(path, constants.O_WRONLY | constants.O_CREAT, 0o644);
}
