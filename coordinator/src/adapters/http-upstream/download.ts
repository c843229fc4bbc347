import { createHash } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import { Readable } from "node:stream";
import { UpstreamError, type FetchedFile } from "./fetch-upstream.ts";

const READ_BYTES = 256 * 1024;
/** Readers get the last bytes once the digest is known to be right, so a wrong file never arrives whole. */
const HELD_BACK_BYTES = 64 * 1024;

export interface DownloadOptions {
  /** null: there is nothing to check against. */
  readonly sha256: string | null;
  readonly bytesMax: number;
  /** Called when the last reader has left before the end. */
  readonly abandon: () => void;
}

/**
 * A file that is coming from an upstream into a file here, while any number of
 * readers follow it. Its pace is the upstream's and the disk's; a slow reader
 * holds up nobody.
 */
export class Download {
  readonly sizeBytes: number | null;
  /** Resolves when all bytes are here and right. Rejects with UpstreamError, or what the disk says. */
  readonly finished: Promise<void>;
  readonly #handle: FileHandle;
  readonly #options: DownloadOptions;
  #written = 0;
  #state: { readonly name: "coming" | "whole" } | { readonly name: "failed"; readonly cause: unknown } = {
    name: "coming",
  };
  #readers = 0;
  #closed = false;
  #changed = Promise.withResolvers<void>();
  #idle: (() => void) | null = null;

  /** Begins at once. `handle` is open for reading and writing, and stays the caller's. */
  constructor(source: FetchedFile, handle: FileHandle, options: DownloadOptions) {
    this.sizeBytes = source.sizeBytes;
    this.#handle = handle;
    this.#options = options;
    this.finished = this.#run(source);
    this.finished.catch(() => undefined);
  }

  /** From the first byte to the last; fails where the download fails. null when the file was closed meanwhile. */
  read(): Readable | null {
    if (this.#closed) return null;
    this.#readers += 1;
    const stream = Readable.from(this.#follow(), { objectMode: false, highWaterMark: 2 * READ_BYTES });
    // Also for a stream that nobody ever began to read.
    stream.once("close", () => this.#left());
    return stream;
  }

  /** Resolves when nobody reads any more and nobody can begin to: the file can be closed. */
  async unread(): Promise<void> {
    if (this.#readers > 0) await new Promise<void>((resolve) => (this.#idle = resolve));
    this.#closed = true;
  }

  #left(): void {
    this.#readers -= 1;
    if (this.#readers > 0) return;
    if (this.#idle) {
      this.#closed = true;
      this.#idle();
    }
    if (this.#state.name === "coming") this.#options.abandon();
  }

  async *#follow(): AsyncGenerator<Uint8Array> {
    let at = 0;
    for (;;) {
      const changed = this.#changed.promise;
      const { name } = this.#state;
      if (this.#state.name === "failed") throw this.#state.cause;
      const end = name === "whole" ? this.#written : this.#written - HELD_BACK_BYTES;
      if (at < end) {
        const buffer = Buffer.allocUnsafe(Math.min(READ_BYTES, end - at));
        const { bytesRead } = await this.#handle.read(buffer, 0, buffer.length, at);
        at += bytesRead;
        yield buffer.subarray(0, bytesRead);
      } else if (name === "whole") return;
      else await changed;
    }
  }

  async #run(source: FetchedFile): Promise<void> {
    try {
      await this.#receive(source);
      this.#move({ name: "whole" });
    } catch (cause) {
      this.#move({ name: "failed", cause });
      throw cause;
    }
  }

  async #receive({ bytes, sizeBytes }: FetchedFile): Promise<void> {
    const { sha256, bytesMax } = this.#options;
    const hash = createHash("sha256");
    for await (const chunk of bytes) {
      if (this.#written + chunk.length > bytesMax) throw new UpstreamError(`the file has more than ${bytesMax} bytes`);
      hash.update(chunk);
      for (let done = 0; done < chunk.length;) {
        const { bytesWritten } = await this.#handle.write(chunk, done, chunk.length - done, this.#written + done);
        done += bytesWritten;
      }
      this.#written += chunk.length;
      this.#wake();
    }
    if (sizeBytes !== null && sizeBytes !== this.#written) {
      throw new UpstreamError(`the file ended after ${this.#written} of ${sizeBytes} bytes`);
    }
    const actual = hash.digest("hex");
    if (sha256 !== null && actual !== sha256) {
      throw new UpstreamError(`the file's SHA-256 is ${actual}, and its page says ${sha256}`);
    }
  }

  #move(state: { readonly name: "whole" } | { readonly name: "failed"; readonly cause: unknown }): void {
    this.#state = state;
    this.#wake();
  }

  #wake(): void {
    const { resolve } = this.#changed;
    this.#changed = Promise.withResolvers<void>();
    resolve();
  }
}
