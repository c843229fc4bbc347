import { open, stat, type FileHandle } from "node:fs/promises";
import type { Logger } from "pino";

const LOOK_INTERVAL_MS = 1_000;
/** Of one look; of more, the oldest is passed over. */
export const BYTES_PER_LOOK_MAX = 256 * 1024;

export interface LogFollowerParts {
  /** Lines without their ends, of one look; the next look waits for it. */
  readonly onLines: (lines: readonly string[]) => Promise<void>;
  /** There was more than a look reads. */
  readonly onPassedOver: () => void;
  readonly log: Logger;
}

/**
 * Follows a log that another process writes, from its end at the time of
 * `start`: what is written while nobody follows is passed over. A file that is
 * emptied, or replaced by another of its name, is read from its beginning; one
 * that is not there is waited for.
 */
export class LogFollower {
  readonly #path: string;
  readonly #parts: LogFollowerParts;
  #file: { readonly handle: FileHandle; readonly inode: number } | null = null;
  #position = 0;
  /** The beginning of a line whose end was not there yet. */
  #begun = Buffer.alloc(0);
  /** Up to the next line's beginning nothing is of use. */
  #inMiddle = false;
  #timer: NodeJS.Timeout | null = null;
  #looking: Promise<void> | null = null;
  #failing = false;

  constructor(path: string, parts: LogFollowerParts) {
    this.#path = path;
    this.#parts = parts;
  }

  async start(): Promise<void> {
    await this.#open();
    if (this.#file) this.#position = (await this.#file.handle.stat()).size;
    this.#timer = setInterval(() => void this.look(), LOOK_INTERVAL_MS);
    this.#timer.unref();
  }

  async stop(): Promise<void> {
    if (this.#timer) clearInterval(this.#timer);
    await this.#looking;
    await this.#close();
  }

  /** Reads what was written since the last look. Never rejects: what fails is tried again at the next look. */
  look(): Promise<void> {
    this.#looking ??= this.#look()
      .then(
        () => (this.#failing = false),
        (cause: unknown) => {
          // Once, not at every look.
          if (!this.#failing) this.#parts.log.error({ err: cause, file: this.#path }, "a log could not be followed");
          this.#failing = true;
        },
      )
      .then(() => {
        this.#looking = null;
      });
    return this.#looking;
  }

  async #look(): Promise<void> {
    if (!this.#file) await this.#open();
    await this.#readOn();
    if (!this.#file || this.#file.inode === (await inodeOf(this.#path))) return;
    // Replaced. Once more, for what came before that and after the last reading.
    await this.#readOn();
    await this.#close();
    await this.#open();
    await this.#readOn();
  }

  async #open(): Promise<void> {
    const handle = await open(this.#path, "r").catch((cause: NodeJS.ErrnoException) => {
      if (cause.code === "ENOENT") return null;
      throw cause;
    });
    if (handle) this.#file = { handle, inode: (await handle.stat()).ino };
    this.#begin(0);
  }

  async #close(): Promise<void> {
    const file = this.#file;
    this.#file = null;
    await file?.handle.close();
  }

  #begin(position: number): void {
    this.#position = position;
    this.#begun = Buffer.alloc(0);
    this.#inMiddle = false;
  }

  async #readOn(): Promise<void> {
    if (!this.#file) return;
    const { handle } = this.#file;
    const { size } = await handle.stat();
    if (size < this.#position) this.#begin(0);
    if (size - this.#position > BYTES_PER_LOOK_MAX) {
      this.#begin(size - BYTES_PER_LOOK_MAX);
      this.#inMiddle = true;
      this.#parts.onPassedOver();
    }
    if (size === this.#position) return;
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(size - this.#position), { position: this.#position });
    this.#position += bytesRead;
    const lines = this.#linesOf(buffer.subarray(0, bytesRead));
    if (lines.length > 0) await this.#parts.onLines(lines);
  }

  #linesOf(bytes: Buffer): string[] {
    const text = Buffer.concat([this.#begun, bytes]);
    const end = text.lastIndexOf(0x0a) + 1;
    const lines = text.toString("utf8", 0, end).split("\n").slice(0, -1);
    if (this.#inMiddle && end > 0) {
      lines.shift();
      this.#inMiddle = false;
    }
    this.#begun = text.subarray(end);
    if (this.#begun.length > BYTES_PER_LOOK_MAX) {
      this.#begun = Buffer.alloc(0);
      this.#inMiddle = true;
      this.#parts.onPassedOver();
    }
    return lines;
  }
}

async function inodeOf(path: string): Promise<number | null> {
  return (await stat(path).catch(() => null))?.ino ?? null;
}
