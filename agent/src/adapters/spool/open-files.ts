import { closeSync, openSync } from "node:fs";

/** Keeps a bounded number of files open; the one used longest ago is closed for the next. */
export class OpenFiles {
  readonly #max: number;
  /** In the order of use, the latest last. */
  readonly #fds = new Map<string, number>();

  constructor(max: number) {
    this.#max = max;
  }

  /** A descriptor to read and append with, valid until another file is asked for. */
  open(path: string, flags: "a+" | "ax+"): number {
    let fd = this.#fds.get(path);
    if (fd !== undefined) this.#fds.delete(path);
    else {
      this.#makeRoom();
      fd = openSync(path, flags, 0o600);
    }
    this.#fds.set(path, fd);
    return fd;
  }

  close(path: string): void {
    const fd = this.#fds.get(path);
    if (fd === undefined) return;
    this.#fds.delete(path);
    closeSync(fd);
  }

  closeAll(): void {
    for (const path of this.#fds.keys()) this.close(path);
  }

  #makeRoom(): void {
    if (this.#fds.size < this.#max) return;
    for (const path of this.#fds.keys()) return this.close(path);
  }
}
