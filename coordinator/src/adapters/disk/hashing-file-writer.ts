import { createHash, type Hash } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import { Writable } from "node:stream";
import { writeFully } from "./write-fully.ts";

/**
 * How much may wait for the disk, per stream. Node hands everything that waits to
 * `writev` at once, so this is also the largest single write: big enough to make
 * the cost per call vanish, and no chunk is copied on the way.
 */
const WAITING_BYTES_MAX = 1024 * 1024;

/** Bytes that are in the file already: how many, and a hash that has seen them. */
export interface Begun {
  readonly bytes: number;
  readonly hash: Hash;
}

/** A stream was longer than allowed; nothing past the limit was written. */
export class TooManyBytes extends Error {}

/**
 * Writes what it is given to `handle` and hashes it. The hash of a batch is taken
 * while the disk is busy with the same batch. With `handle` null it only hashes. With `begun`
 * it goes on behind what is there.
 */
export class HashingFileWriter extends Writable {
  readonly #handle: FileHandle | null;
  readonly #bytesMax: number;
  readonly #hash: Hash;
  #bytes: number;

  constructor(handle: FileHandle | null, bytesMax: number, begun?: Begun) {
    super({ highWaterMark: WAITING_BYTES_MAX, decodeStrings: true });
    this.#handle = handle;
    this.#bytesMax = bytesMax;
    this.#hash = begun?.hash ?? createHash("sha256");
    this.#bytes = begun?.bytes ?? 0;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Lower-case hexadecimal SHA-256 of everything; call once, after the stream has finished. */
  digest(): string {
    return this.#hash.digest("hex");
  }

  override _write(chunk: Uint8Array, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#take([chunk], done);
  }

  override _writev(chunks: { readonly chunk: Uint8Array }[], done: (error?: Error | null) => void): void {
    this.#take(
      chunks.map(({ chunk }) => chunk),
      done,
    );
  }

  #take(chunks: readonly Uint8Array[], done: (error?: Error | null) => void): void {
    const position = this.#bytes;
    for (const chunk of chunks) this.#bytes += chunk.byteLength;
    if (this.#bytes > this.#bytesMax) {
      done(new TooManyBytes(`more than ${this.#bytesMax} bytes`));
      return;
    }
    const written = this.#handle ? writeFully(this.#handle, chunks, position) : Promise.resolve();
    for (const chunk of chunks) this.#hash.update(chunk);
    written.then(() => done(), done);
  }
}
