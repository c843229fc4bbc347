import { createHash, randomUUID } from "node:crypto";
import { createReadStream, renameSync, statSync, utimesSync } from "node:fs";
import { mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { finished, type Readable } from "node:stream";
import { TOUCH_INTERVAL_MS, type BlobSweep, type BlobUsage, type KeptBlob } from "../../ports/blob-sweep.ts";
import type { PutBlobOutcome } from "../../ports/blob-store.ts";
import type { ResumableBlobStore, UploadBlobOutcome } from "../../ports/blob-uploads.ts";
import { systemClock } from "../../ports/clock.ts";
import { HashingFileWriter, TooManyBytes, type Begun } from "./hashing-file-writer.ts";
import { openPartialUploads, type PartialBounds, type PartialUploads } from "./partial-uploads.ts";
import { syncFolder } from "./sync-folder.ts";

const SHA256 = /^[0-9a-f]{64}$/;
/** Folders, one for each first two digits. */
const PARTS = 256;
const READ_CHUNK_BYTES = 256 * 1024;
const ALREADY_THERE = { stored: false } as const;

export interface DiskBlobStoreOptions {
  /** The largest blob, in bytes. */
  readonly blobBytesMax: number;
  /** What differs from DEFAULT_PARTIAL_BOUNDS. */
  readonly partials?: Partial<PartialBounds>;
  /** Called for each broken upload that is dropped because there are too many, or too much in them. */
  readonly onPartialDropped?: () => void;
  /** Unix time in milliseconds; the system's by default. */
  readonly nowMs?: () => number;
}

/** Room for a few of the largest wheels, for as long as an agent is likely to be away. */
const DEFAULT_PARTIAL_BOUNDS: PartialBounds = { countMax: 64, bytesMax: 8 * 1024 ** 3, ageMaxMs: 24 * 3_600_000 };

/**
 * Opens a folder as a blob store and removes what an earlier process left half
 * written, except uploads that can go on. The folder is created where it is missing;
 * it holds `ab/cdef…` for the digest `abcdef…`, `partial/` and `tmp/`. One process at
 * a time may have it open.
 */
export async function openDiskBlobStore(
  folder: string,
  options: DiskBlobStoreOptions,
): Promise<ResumableBlobStore & BlobSweep> {
  const tmp = join(folder, "tmp");
  await rm(tmp, { recursive: true, force: true });
  await mkdir(tmp, { recursive: true });
  const present = new Set(await readdir(folder));
  // All 256 at once, so that a put never has to make a folder and sync its parent.
  const missing = Array.from({ length: PARTS }, (_, n) => n.toString(16).padStart(2, "0")).filter(
    (n) => !present.has(n),
  );
  await Promise.all(missing.map((name) => mkdir(join(folder, name), { recursive: true })));
  await syncFolder(folder);
  await syncFolder(dirname(folder));
  const partials = await openPartialUploads(join(folder, "partial"), {
    ...DEFAULT_PARTIAL_BOUNDS,
    ...options.partials,
    nowMs: options.nowMs ?? systemClock.nowMs,
    onDropped: options.onPartialDropped ?? (() => undefined),
  });
  return new DiskBlobStore(folder, { ...options, nowMs: options.nowMs ?? systemClock.nowMs }, partials);
}

/**
 * A blob is written to `tmp/`, synced, renamed to its digest, and then the folder
 * is synced: a name never stands for bytes that are not all there. A digest that is
 * already there is only hashed, so a caller who gets `ok` knows that these very
 * bytes are kept; a caller who wants to skip the reading asks `size` first.
 */
class DiskBlobStore implements ResumableBlobStore, BlobSweep {
  readonly parts = PARTS;
  readonly #folder: string;
  readonly #blobBytesMax: number;
  readonly #nowMs: () => number;
  readonly #partials: PartialUploads;
  /** Puts of the same digest take turns in making their bytes visible. */
  readonly #publishing = new Map<string, Promise<unknown>>();
  /** By part, as of its last listing and with what was put and removed since. */
  readonly #usage: { blobs: number; bytes: number }[] = Array.from({ length: PARTS }, () => ({ blobs: 0, bytes: 0 }));

  constructor(
    folder: string,
    options: { readonly blobBytesMax: number; readonly nowMs: () => number },
    partials: PartialUploads,
  ) {
    this.#folder = folder;
    this.#blobBytesMax = options.blobBytesMax;
    this.#nowMs = options.nowMs;
    this.#partials = partials;
  }

  async put(sha256: string, bytes: Readable): Promise<PutBlobOutcome> {
    const path = this.#path(sha256);
    // Until `pour` listens: a stream that breaks before then must not be an uncaught error.
    bytes.on("error", notYet);
    const tmp = join(this.#folder, "tmp", randomUUID());
    try {
      if (this.#touch(path) !== null) return await this.#check(sha256, bytes, path);
      const written = await this.#write(tmp, sha256, bytes);
      if (!written.ok) return written;
      const { stored } = await this.#publish(sha256, tmp, written.sizeBytes);
      return { ok: true, stored, sizeBytes: written.sizeBytes };
    } finally {
      bytes.off("error", notYet);
      await rm(tmp, { force: true });
    }
  }

  async receivedBytes(sha256: string): Promise<number> {
    return this.#touch(this.#path(sha256)) ?? this.#partials.receivedBytes(sha256);
  }

  async upload(sha256: string, bytes: Readable, fromBytes: number): Promise<UploadBlobOutcome> {
    const path = this.#path(sha256);
    const sizeBytes = this.#touch(path);
    if (sizeBytes !== null) return { ok: true, sizeBytes, ...ALREADY_THERE };
    const claim = this.#partials.claim(sha256, fromBytes);
    if (!claim.ok) {
      // Two senders of the same whole blob need not wait for each other.
      return claim.reason === "under-way" && fromBytes === 0 ? this.put(sha256, bytes) : claim;
    }
    bytes.on("error", notYet);
    let keep = false;
    try {
      const written = await this.#goOn(claim.partial.path, { sha256, fromBytes, bytes });
      if (!written.ok) return written;
      const { stored } = await this.#publish(sha256, claim.partial.path, written.sizeBytes);
      return { ...written, stored };
    } catch (cause) {
      keep = cause instanceof SourceBroke;
      throw cause instanceof SourceBroke ? cause.cause : cause;
    } finally {
      bytes.off("error", notYet);
      await claim.partial.release(keep);
    }
  }

  async size(sha256: string): Promise<number | null> {
    return this.#touch(this.#path(sha256));
  }

  read(sha256: string, range?: { readonly start: number; readonly end: number }): Readable {
    return createReadStream(this.#path(sha256), { ...range, highWaterMark: READ_CHUNK_BYTES });
  }

  async list(part: number): Promise<readonly KeptBlob[]> {
    const prefix = part.toString(16).padStart(2, "0");
    const blobs: KeptBlob[] = [];
    for (const name of await readdir(join(this.#folder, prefix))) {
      const found = await stat(join(this.#folder, prefix, name)).catch(nullIfMissing);
      if (found && SHA256.test(prefix + name)) {
        blobs.push({ sha256: prefix + name, sizeBytes: found.size, touchedMs: found.mtimeMs });
      }
    }
    const bytes = blobs.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    this.#usage[part] = { blobs: blobs.length, bytes };
    return blobs;
  }

  /** Out of the way in the turn of the event loop that looked; freeing what it takes on the disk may last. */
  async remove(sha256: string, untouchedSinceMs: number): Promise<boolean> {
    const path = this.#path(sha256);
    const found = statSync(path, { throwIfNoEntry: false });
    if (!found || found.mtimeMs > untouchedSinceMs) return false;
    const tmp = join(this.#folder, "tmp", randomUUID());
    renameSync(path, tmp);
    this.#count(sha256, -1, -found.size);
    await rm(tmp, { force: true });
    return true;
  }

  usage(): BlobUsage {
    let [blobs, bytes] = [0, 0];
    for (const part of this.#usage) {
      blobs += part.blobs;
      bytes += part.bytes;
    }
    return { blobs, bytes };
  }

  #count(sha256: string, blobs: number, bytes: number): void {
    const part = this.#usage[Number.parseInt(sha256.slice(0, 2), 16)];
    if (!part) return;
    part.blobs += blobs;
    part.bytes += bytes;
  }

  /**
   * The size of a blob that is there, which is from now on in use. Synchronous on
   * purpose: a few microseconds, where a turn through the thread pool is a tenth
   * of the time that a submission takes to its first job.
   */
  #touch(path: string): number | null {
    const found = statSync(path, { throwIfNoEntry: false });
    if (!found) return null;
    const nowMs = this.#nowMs();
    // A write for every look would be too much; a clock that was set back must not make it look unused.
    if (Math.abs(nowMs - found.mtimeMs) > TOUCH_INTERVAL_MS) utimesSync(path, nowMs / 1_000, nowMs / 1_000);
    return found.size;
  }

  /** Gives the written file its name, unless another put has done so meanwhile. */
  #publish(sha256: string, tmp: string, sizeBytes: number): Promise<{ readonly stored: boolean }> {
    const path = this.#path(sha256);
    return this.#inTurn(sha256, async () => {
      if (this.#touch(path) !== null) return ALREADY_THERE;
      await rename(tmp, path);
      this.#count(sha256, 1, sizeBytes);
      await syncFolder(dirname(path));
      return { stored: true };
    });
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
    // An upload that took longer than the grace: the sender tries again.
    if (outcome.ok && this.#touch(path) === null) throw new Error(`${sha256} was removed while it was sent again`);
    return outcome.ok ? { ...outcome, ...ALREADY_THERE } : outcome;
  }

  async #write(tmp: string, sha256: string, bytes: Readable): Promise<PutBlobOutcome> {
    await using handle = await open(tmp, "wx");
    const writer = new HashingFileWriter(handle, this.#blobBytesMax);
    const outcome = await this.#drain(bytes, writer, sha256);
    if (outcome.ok) await handle.datasync();
    return outcome;
  }

  /** Throws SourceBroke when everything that came is in the file, and something else when it is not. */
  async #goOn(
    path: string,
    { sha256, fromBytes, bytes }: { readonly sha256: string; readonly fromBytes: number; readonly bytes: Readable },
  ): Promise<PutBlobOutcome> {
    await using handle = await open(path, fromBytes === 0 ? "w" : "r+");
    await handle.truncate(fromBytes);
    const writer = new HashingFileWriter(handle, this.#blobBytesMax, await hashOf(path, fromBytes));
    const outcome = await this.#drain(bytes, writer, sha256, "keep");
    if (outcome.ok) await handle.datasync();
    return outcome;
  }

  async #drain(
    bytes: Readable,
    writer: HashingFileWriter,
    sha256: string,
    onBreak: OnBreak = "drop",
  ): Promise<PutBlobOutcome> {
    try {
      await pour(bytes, writer, onBreak);
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

function nullIfMissing(cause: NodeJS.ErrnoException): null {
  if (cause.code === "ENOENT") return null;
  throw cause;
}

/** The hash of the first `bytes` of a file, as if they had just been written. */
async function hashOf(path: string, bytes: number): Promise<Begun> {
  const hash = createHash("sha256");
  if (bytes > 0) {
    const there = createReadStream(path, { start: 0, end: bytes - 1, highWaterMark: READ_CHUNK_BYTES });
    for await (const chunk of there) hash.update(chunk as Buffer);
  }
  return { bytes, hash };
}

/** The sender went away; `cause` says how. */
class SourceBroke extends Error {}

/** What becomes of bytes that came before the source broke and are not written yet. */
type OnBreak = "drop" | "keep";

/**
 * Like `pipeline`, but a failing writer leaves the source open: behind an HTTP
 * upload it is the connection that the error must still be sent on. Throws SourceBroke
 * when the source breaks and what came is written, which is for `keep` only.
 */
async function pour(source: Readable, sink: HashingFileWriter, onBreak: OnBreak): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let broken: Error | null = null;
  const forget = finished(source, { writable: false }, (error) => {
    if (!error) return;
    broken = error;
    if (onBreak === "keep") sink.end();
    else sink.destroy(error);
  });
  sink.once("finish", resolve).once("error", reject);
  source.pipe(sink);
  try {
    await promise;
    if (broken) throw new SourceBroke("the source broke", { cause: broken });
  } finally {
    forget();
    source.unpipe(sink);
    sink.destroy();
  }
}
