import type { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { RandomAccessReader } from "yauzl";
import type { BlobStore } from "../../ports/blob-store.ts";

/** How much is read at once: a zip's directory is asked for in pieces of a few dozen bytes. */
const WINDOW_BYTES = 256 * 1024;

/** A blob as yauzl reads it: parts of it, in any order. */
export class BlobReader extends RandomAccessReader {
  readonly #blobs: BlobStore;
  readonly #sha256: string;
  readonly #sizeBytes: number;
  #window = { start: 0, bytes: Buffer.alloc(0) };

  constructor(blobs: BlobStore, sha256: string, sizeBytes: number) {
    super();
    this.#blobs = blobs;
    this.#sha256 = sha256;
    this.#sizeBytes = sizeBytes;
  }

  /** `end` is the first byte that is not wanted. */
  override _readStreamForRange(start: number, end: number): Readable {
    return this.#blobs.read(this.#sha256, { start, end: end - 1 });
  }

  override read(
    target: Buffer,
    offset: number,
    length: number,
    position: number,
    done: (error: Error | null) => void,
  ): void {
    this.#bytes(position, length).then(
      (bytes) => {
        bytes.copy(target, offset);
        done(null);
      },
      (cause: unknown) => done(cause instanceof Error ? cause : new Error(String(cause))),
    );
  }

  async #bytes(position: number, length: number): Promise<Buffer> {
    const end = position + length;
    if (position < 0 || end > this.#sizeBytes) throw new Error("it points outside of itself");
    if (position < this.#window.start || end > this.#window.start + this.#window.bytes.length) {
      const last = Math.min(this.#sizeBytes, Math.max(end, position + WINDOW_BYTES)) - 1;
      this.#window = { start: position, bytes: await buffer(this._readStreamForRange(position, last + 1)) };
    }
    const from = position - this.#window.start;
    const bytes = this.#window.bytes.subarray(from, from + length);
    if (bytes.length !== length) throw new Error("it ends too early");
    return bytes;
  }
}
