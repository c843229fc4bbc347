import { createHash, randomUUID } from "node:crypto";
import { createReadStream, createWriteStream, mkdirSync, readdirSync, rmSync, statSync, utimesSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { replaceFile } from "../disk/replace-file.ts";

const CHUNK_BYTES = 256 * 1024;

/**
 * Blobs on disk by digest, within a bound: those used longest ago go first, the
 * newest always stays. What is there from an earlier process is used again.
 */
export class BlobCache {
  readonly #folder: string;
  readonly #bytesMax: number;
  /** Sizes in bytes, in the order of use, the latest last. */
  readonly #sizes = new Map<string, number>();
  #bytes = 0;

  constructor(folder: string, bytesMax: number) {
    this.#folder = folder;
    this.#bytesMax = bytesMax;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    this.#load();
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Copies a blob to a new file, verifying its digest; false when it is not here, or damaged and now removed. */
  async copyTo(sha256: string, target: string): Promise<boolean> {
    const size = this.#sizes.get(sha256);
    if (size === undefined) return false;
    this.#sizes.delete(sha256);
    this.#sizes.set(sha256, size);
    const path = this.#path(sha256);
    try {
      const now = new Date();
      utimesSync(path, now, now);
      if ((await copyHashed(createReadStream(path, { highWaterMark: CHUNK_BYTES }), target)) === sha256) return true;
    } catch (cause) {
      if (!isMissing(cause)) throw cause;
    }
    this.#remove(sha256);
    await rm(target, { force: true });
    return false;
  }

  /** Takes bytes that come from elsewhere; false when their digest is not `sha256`. */
  async keep(sha256: string, source: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<boolean> {
    const temporary = join(this.#folder, `${randomUUID()}.part`);
    try {
      if ((await copyHashed(source, temporary, signal)) !== sha256) return false;
      this.#remove(sha256);
      replaceFile(temporary, this.#path(sha256));
    } finally {
      await rm(temporary, { force: true });
    }
    this.#add(sha256, statSync(this.#path(sha256)).size);
    this.#evict();
    return true;
  }

  #path(sha256: string): string {
    return join(this.#folder, sha256);
  }

  #add(sha256: string, sizeBytes: number): void {
    this.#sizes.set(sha256, sizeBytes);
    this.#bytes += sizeBytes;
  }

  #remove(sha256: string): void {
    this.#bytes -= this.#sizes.get(sha256) ?? 0;
    this.#sizes.delete(sha256);
    rmSync(this.#path(sha256), { force: true });
  }

  #evict(): void {
    for (const sha256 of this.#sizes.keys()) {
      if (this.#bytes <= this.#bytesMax || this.#sizes.size === 1) return;
      this.#remove(sha256);
    }
  }

  #load(): void {
    const found: { sha256: string; sizeBytes: number; usedMs: number }[] = [];
    for (const name of readdirSync(this.#folder)) {
      const path = join(this.#folder, name);
      if (/^[0-9a-f]{64}$/.test(name)) {
        const { size, mtimeMs } = statSync(path);
        found.push({ sha256: name, sizeBytes: size, usedMs: mtimeMs });
      } else rmSync(path, { recursive: true, force: true });
    }
    for (const { sha256, sizeBytes } of found.sort((a, b) => a.usedMs - b.usedMs)) this.#add(sha256, sizeBytes);
    this.#evict();
  }
}

/** Writes a new file and returns the SHA-256 of what was written, in lower-case hexadecimal. */
async function copyHashed(source: AsyncIterable<Uint8Array>, target: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash("sha256");
  const hashed = async function* (chunks: AsyncIterable<Uint8Array>) {
    for await (const chunk of chunks) {
      hash.update(chunk);
      yield chunk;
    }
  };
  const file = createWriteStream(target, { mode: 0o600, highWaterMark: CHUNK_BYTES });
  await pipeline(source, hashed, file, signal ? { signal } : {});
  return hash.digest("hex");
}

function isMissing(cause: unknown): boolean {
  return cause instanceof Error && "code" in cause && cause.code === "ENOENT";
}
