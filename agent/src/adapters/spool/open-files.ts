import { closeSync, ftruncateSync, openSync, renameSync, unlinkSync } from "node:fs";

/**
 * Keeps a bounded number of files open; the one used longest ago is closed for
 * the next. Files that are given back are emptied and used again under another
 * name: making and removing a file for every short job is far slower (ext4
 * without a journal searches past every inode that was freed lately).
 */
export class OpenFiles {
  readonly #max: number;
  /** In the order of use, the latest last. */
  readonly #fds = new Map<string, number>();
  /** Descriptors of empty files by the path that they still have. */
  readonly #free = new Map<string, number>();

  /** `max` bounds the files in use and, apart from them, the free ones. */
  constructor(max: number) {
    this.#max = max;
  }

  /** A descriptor to read and append with, valid until another file is asked for. */
  open(path: string): number {
    const fd = this.#fds.get(path);
    if (fd === undefined) return this.#keep(path, openSync(path, "a+", 0o600));
    this.#fds.delete(path);
    this.#fds.set(path, fd);
    return fd;
  }

  /** As `open`, for a file that is not there yet. */
  create(path: string): number {
    const free = this.#takeFree(path);
    if (!free) return this.#keep(path, openSync(path, "ax+", 0o600));
    try {
      if (free.path !== path) renameSync(free.path, path);
    } catch (cause) {
      closeSync(free.fd);
      throw cause;
    }
    return this.#keep(path, free.fd);
  }

  /** The file is gone, or empty under its old name until it is used again; a reader takes an empty one for none. */
  giveBack(path: string): void {
    const fd = this.#fds.get(path);
    this.#fds.delete(path);
    if (fd === undefined || this.#free.size >= this.#max) {
      if (fd !== undefined) closeSync(fd);
      unlinkSync(path);
      return;
    }
    ftruncateSync(fd);
    this.#free.set(path, fd);
  }

  /** Closes every file and removes the free ones. */
  closeAll(): void {
    for (const fd of this.#fds.values()) closeSync(fd);
    this.#fds.clear();
    for (const [path, fd] of this.#free) {
      closeSync(fd);
      unlinkSync(path);
    }
    this.#free.clear();
  }

  /** The one of this path where there is one: another would be renamed over it, and two would have one file. */
  #takeFree(path: string): { readonly path: string; readonly fd: number } | null {
    const own = this.#free.get(path);
    const [found] = own === undefined ? this.#free : [[path, own] as const];
    if (!found) return null;
    this.#free.delete(found[0]);
    return { path: found[0], fd: found[1] };
  }

  #keep(path: string, fd: number): number {
    for (const [oldest, oldestFd] of this.#fds) {
      if (this.#fds.size < this.#max) break;
      this.#fds.delete(oldest);
      closeSync(oldestFd);
    }
    this.#fds.set(path, fd);
    return fd;
  }
}
