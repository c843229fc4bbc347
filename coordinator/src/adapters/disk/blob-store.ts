import { randomUUID } from "node:crypto";
import { createReadStream, statSync } from "node:fs";
import { mkdir, open, readdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { finished, type Readable } from "node:stream";
import type { BlobStore, PutBlobOutcome } from "../../ports/blob-store.ts";
import { HashingFileWriter, TooManyBytes } from "./hashing-file-writer.ts";
import { syncFolder } from "./sync-folder.ts";

const SHA256 = /^[0-9a-f]{64}$/;
const READ_CHUNK_BYTES = 256 * 1024;
const ALREADY_THERE = { stored: false } as const;

export interface DiskBlobStoreOptions {
  /** The largest blob, in bytes. */
  readonly blobBytesMax: number;
}

/**
 * Opens a folder as a blob store and removes what an earlier process left half
 * written. The folder is created where it is missing; it holds `ab/cdef…` for the
 * digest `abcdef…`, and `tmp/`. One process at a time may have it open.
 */
export async function openDiskBlobStore(folder: string, options: DiskBlobStoreOptions): Promise<BlobStore> {
  const tmp = join(folder, "tmp");
  await rm(tmp, { recursive: true, force: true });
  await mkdir(tmp, { recursive: true });
  const present = new Set(await readdir(folder));
  // All 256 at once, so that a put never has to make a folder and sync its parent.
  const missing = Array.from({ length: 256 }, (_, n) => n.toString(16).padStart(2, "0")).filter((n) => !present.has(n));
  await Promise.all(missing.map((name) => mkdir(join(folder, name), { recursive: true })));
  await syncFolder(folder);
  await syncFolder(dirname(folder));
  return new DiskBlobStore(folder, options);
}

/**
 * A blob is written to `tmp/`, synced, renamed to its digest, and then the folder
 * is synced: a name never stands for bytes that are not all there. A digest that is
 * already there is only hashed, so a caller who gets `ok` knows that these very
 * bytes are kept; a caller who wants to skip the reading asks `size` first.
 */
class DiskBlobStore implements BlobStore {
  readonly #folder: string;
  readonly #blobBytesMax: number;
  /** Puts of the same digest take turns in making their bytes visible. */
  readonly #publishing = new Map<string, Promise<unknown>>();

  constructor(folder: string, options: DiskBlobStoreOptions) {
    this.#folder = folder;
    this.#blobBytesMax = options.blobBytesMax;
  }

  async put(sha256: string, bytes: Readable): Promise<PutBlobOutcome> {
    const path = this.#path(sha256);
    // Until `pour` listens: a stream that breaks before then must not be an uncaught error.
    bytes.on("error", notYet);
    const tmp = join(this.#folder, "tmp", randomUUID());
    try {
      if (fileSize(path) !== null) return await this.#check(sha256, bytes, path);
      const written = await this.#write(tmp, sha256, bytes);
      if (!written.ok) return written;
      const { stored } = await this.#inTurn(sha256, () => publish(tmp, path));
      return { ok: true, stored, sizeBytes: written.sizeBytes };
    } finally {
      bytes.off("error", notYet);
      await rm(tmp, { force: true });
    }
  }

  async size(sha256: string): Promise<number | null> {
    return fileSize(this.#path(sha256));
  }

  read(sha256: string, range?: { readonly start: number; readonly end: number }): Readable {
    return createReadStream(this.#path(sha256), { ...range, highWaterMark: READ_CHUNK_BYTES });
  }

  #path(sha256: string): string {
    if (!SHA256.test(sha256)) throw new Error(`not a lower-case hexadecimal SHA-256: ${JSON.stringify(sha256)}`);
    return join(this.#folder, sha256.slice(0, 2), sha256.slice(2));
  }

  async #check(sha256: string, bytes: Readable, path: string): Promise<PutBlobOutcome> {
    const writer = new HashingFileWriter(null, this.#blobBytesMax);
    const outcome = await this.#drain(bytes, writer, sha256);
    // The name may be here by a rename that an earlier process did not live to sync.
    if (outcome.ok) await this.#inTurn(sha256, () => syncFolder(dirname(path)));
    return outcome.ok ? { ...outcome, ...ALREADY_THERE } : outcome;
  }

  async #write(tmp: string, sha256: string, bytes: Readable): Promise<PutBlobOutcome> {
    await using handle = await open(tmp, "wx");
    const writer = new HashingFileWriter(handle, this.#blobBytesMax);
    const outcome = await this.#drain(bytes, writer, sha256);
    if (outcome.ok) await handle.datasync();
    return outcome;
  }

  async #drain(bytes: Readable, writer: HashingFileWriter, sha256: string): Promise<PutBlobOutcome> {
    try {
      await pour(bytes, writer);
    } catch (cause) {
      if (cause instanceof TooManyBytes) return { ok: false, reason: "too-large", limitBytes: this.#blobBytesMax };
      throw cause;
    }
    const actualSha256 = writer.digest();
    if (actualSha256 !== sha256) return { ok: false, reason: "digest-mismatch", actualSha256 };
    return { ok: true, stored: true, sizeBytes: writer.bytes };
  }

  async #inTurn<T>(sha256: string, act: () => Promise<T>): Promise<T> {
    const before = this.#publishing.get(sha256) ?? Promise.resolve();
    const mine = before.then(act, act);
    this.#publishing.set(sha256, mine);
    try {
      return await mine;
    } finally {
      if (this.#publishing.get(sha256) === mine) this.#publishing.delete(sha256);
    }
  }
}

function notYet(): void {}

/** Gives the written file its name, unless another put has done so meanwhile. */
async function publish(tmp: string, path: string): Promise<{ readonly stored: boolean }> {
  if (fileSize(path) !== null) return ALREADY_THERE;
  await rename(tmp, path);
  await syncFolder(dirname(path));
  return { stored: true };
}

/**
 * Synchronous on purpose: a few microseconds, where a turn through the thread
 * pool is a tenth of the time that a submission takes to its first job.
 */
function fileSize(path: string): number | null {
  return statSync(path, { throwIfNoEntry: false })?.size ?? null;
}

/**
 * Like `pipeline`, but a failing writer leaves the source open: behind an HTTP
 * upload it is the connection that the error must still be sent on.
 */
async function pour(source: Readable, sink: HashingFileWriter): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const forget = finished(source, { writable: false }, (error) => {
    if (error) sink.destroy(error);
  });
  sink.once("finish", resolve).once("error", reject);
  source.pipe(sink);
  try {
    await promise;
  } finally {
    forget();
    source.unpipe(sink);
    sink.destroy();
  }
}
