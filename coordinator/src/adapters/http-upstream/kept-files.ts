import { createReadStream } from "node:fs";
import { mkdir, open, readdir, rename, rm, stat, unlink, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { LRUCache } from "lru-cache";

export interface KeptFilesLimits {
  readonly bytesMax: number;
  readonly entriesMax: number;
  readonly ageMaxMs: number;
}

const SHA256 = /^[0-9a-f]{64}$/;
const TEMPORARY = "tmp-";
const READ_CHUNK_BYTES = 256 * 1024;

/**
 * Files by their SHA-256 in a folder, the least recently used removed when a
 * limit is reached. What an earlier process kept is found again; what it left
 * half written is removed.
 */
export class KeptFiles {
  readonly #folder: string;
  readonly #limits: KeptFilesLimits;
  readonly #entries: LRUCache<string, number>;
  #temporary = 0;

  private constructor(folder: string, limits: KeptFilesLimits) {
    this.#folder = folder;
    this.#limits = limits;
    this.#entries = new LRUCache({
      max: limits.entriesMax,
      maxSize: limits.bytesMax,
      sizeCalculation: (sizeBytes) => Math.max(1, sizeBytes),
      ttl: limits.ageMaxMs,
      noUpdateTTL: true,
      // Whoever is reading has it open and reads on.
      dispose: (_sizeBytes, sha256, reason) => {
        if (reason !== "set") void unlink(join(folder, sha256)).catch(() => undefined);
      },
    });
  }

  static async open(folder: string, limits: KeptFilesLimits): Promise<KeptFiles> {
    const kept = new KeptFiles(folder, limits);
    await mkdir(folder, { recursive: true });
    const found: { readonly name: string; readonly sizeBytes: number; readonly atMs: number }[] = [];
    for (const name of await readdir(folder)) {
      const path = join(folder, name);
      if (name.startsWith(TEMPORARY)) await rm(path, { force: true });
      if (!SHA256.test(name)) continue;
      const { size, mtimeMs } = await stat(path);
      found.push({ name, sizeBytes: size, atMs: mtimeMs });
    }
    const nowMs = Date.now();
    for (const { name, sizeBytes, atMs } of found.toSorted((a, b) => a.atMs - b.atMs)) {
      // lru-cache counts from its own clock: an age is given as a start in its past.
      kept.#entries.set(name, sizeBytes, { start: performance.now() - Math.max(0, nowMs - atMs) });
    }
    return kept;
  }

  /** Size in bytes, or null when it is not kept (any more). Counts as a use. */
  size(sha256: string): number | null {
    return this.#entries.get(sha256) ?? null;
  }

  /** Both ends included. */
  read(sha256: string, range?: { readonly start: number; readonly end: number }): Readable {
    return createReadStream(join(this.#folder, sha256), { ...range, highWaterMark: READ_CHUNK_BYTES });
  }

  async newFile(): Promise<{ readonly path: string; readonly handle: FileHandle }> {
    const path = join(this.#folder, `${TEMPORARY}${process.pid}-${(this.#temporary += 1)}`);
    return { path, handle: await open(path, "wx+") };
  }

  /** Keeps a file of `newFile` that has these bytes, on disk also after a power failure; or removes it when it is larger than everything may be. */
  async keep({ path, handle }: { readonly path: string; readonly handle: FileHandle }, sha256: string): Promise<void> {
    const { size } = await handle.stat();
    if (size > this.#limits.bytesMax) return rm(path, { force: true });
    await handle.datasync();
    await rename(path, join(this.#folder, sha256));
    this.#entries.set(sha256, size);
    this.#entries.purgeStale();
  }
}
