import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import type { ByteSource } from "../../domain/wheel-audit/byte-source.ts";

/** How much is read at once: readers ask for a few bytes at a time, mostly beside each other. */
const WINDOW_BYTES = 64 * 1024;

/** A file that is read in any order. Reading blocks. */
export class FileSource implements ByteSource, Disposable {
  readonly sizeBytes: number;
  readonly #file: number;
  readonly #isOwn: boolean;
  #window: { readonly start: number; readonly bytes: Uint8Array } = { start: 0, bytes: new Uint8Array() };

  private constructor(file: number, isOwn: boolean) {
    this.#file = file;
    this.#isOwn = isOwn;
    this.sizeBytes = fstatSync(file).size;
  }

  /** Open until it is disposed of. */
  static open(path: string): FileSource {
    return new FileSource(openSync(path, "r"), true);
  }

  /** Of an open file, which whoever opened it closes. */
  static of(file: number): FileSource {
    return new FileSource(file, false);
  }

  read(offset: number, length: number): Uint8Array {
    const { start, bytes } = this.#window;
    if (offset < start || offset + length > start + bytes.length) this.#fill(offset, Math.max(length, WINDOW_BYTES));
    const from = offset - this.#window.start;
    return this.#window.bytes.subarray(from, from + length);
  }

  [Symbol.dispose](): void {
    if (this.#isOwn) closeSync(this.#file);
  }

  #fill(start: number, length: number): void {
    const wanted = Math.min(length, this.sizeBytes - start);
    const bytes = new Uint8Array(wanted);
    for (let at = 0; at < wanted;) {
      const count = readSync(this.#file, bytes, at, wanted - at, start + at);
      if (count === 0) throw new Error("the file became shorter while it was read");
      at += count;
    }
    this.#window = { start, bytes };
  }
}
