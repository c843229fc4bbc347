export interface HandleCacheOptions<Handle> {
  /** Never more than this many are open at once; a use that needs one more waits. At least 1. */
  readonly openMax: number;
  readonly open: (path: string) => Promise<Handle>;
  /** Must not throw: the caller who needs the room has nothing to do with this file. */
  readonly close: (handle: Handle, path: string) => Promise<void>;
}

interface Entry<Handle> {
  readonly path: string;
  readonly opened: Promise<Handle>;
  users: number;
  /** Close as soon as nobody uses it. */
  dropped: boolean;
  closing: Promise<void> | null;
}

/**
 * Keeps files open between uses, the least recently used closed first, and never
 * one that is in use. Whoever uses one file inside the use of another of the same
 * cache may wait for ever.
 */
export class HandleCache<Handle> implements AsyncDisposable {
  readonly #options: HandleCacheOptions<Handle>;
  /** Least recently used first. Entries that are being closed count until they are. */
  readonly #entries = new Map<string, Entry<Handle>>();
  #waiting: (() => void)[] = [];

  constructor(options: HandleCacheOptions<Handle>) {
    this.#options = options;
  }

  /** Opens the file where needed. */
  async use<T>(path: string, act: (handle: Handle) => Promise<T>): Promise<T> {
    return this.#useEntry(await this.#acquire(path), act);
  }

  /** Null when the file is not open; one that is being closed is closed when this resolves. */
  async useIfOpen<T>(path: string, act: (handle: Handle) => Promise<T>): Promise<T | null> {
    const entry = this.#entries.get(path);
    if (!entry) return null;
    if (entry.closing) {
      await entry.closing;
      return null;
    }
    this.#take(entry);
    return this.#useEntry(entry, act);
  }

  /** Closes the file now, or when its last user is done. */
  async drop(path: string): Promise<void> {
    const entry = this.#entries.get(path);
    if (!entry) return;
    entry.dropped = true;
    if (entry.users === 0) await this.#close(entry);
  }

  /** Waits for every user, then closes everything. */
  async [Symbol.asyncDispose](): Promise<void> {
    while (this.#entries.size > 0) {
      const idle = [...this.#entries.values()].filter((entry) => entry.users === 0);
      await (idle.length > 0 ? Promise.all(idle.map((entry) => this.#close(entry))) : this.#changed());
    }
  }

  async #useEntry<T>(entry: Entry<Handle>, act: (handle: Handle) => Promise<T>): Promise<T> {
    try {
      return await act(await entry.opened);
    } finally {
      entry.users--;
      if (entry.users === 0 && entry.dropped) void this.#close(entry);
      this.#wake();
    }
  }

  async #acquire(path: string): Promise<Entry<Handle>> {
    for (;;) {
      const entry = this.#entries.get(path);
      if (entry && !entry.closing) return this.#take(entry);
      if (entry) await entry.closing;
      else if (this.#entries.size < this.#options.openMax) return this.#add(path);
      else await this.#makeRoom();
    }
  }

  #take(entry: Entry<Handle>): Entry<Handle> {
    entry.users++;
    this.#entries.delete(entry.path);
    this.#entries.set(entry.path, entry);
    return entry;
  }

  #add(path: string): Entry<Handle> {
    const opened = this.#options.open(path);
    const entry: Entry<Handle> = { path, opened, users: 1, dropped: false, closing: null };
    this.#entries.set(path, entry);
    opened.catch(() => {
      if (this.#entries.get(path) === entry) this.#entries.delete(path);
      this.#wake();
    });
    return entry;
  }

  async #makeRoom(): Promise<void> {
    for (const entry of this.#entries.values()) {
      if (entry.users === 0 && !entry.closing) return this.#close(entry);
    }
    return this.#changed();
  }

  #close(entry: Entry<Handle>): Promise<void> {
    entry.closing ??= entry.opened
      .then(
        (handle) => this.#options.close(handle, entry.path),
        () => {},
      )
      .finally(() => {
        if (this.#entries.get(entry.path) === entry) this.#entries.delete(entry.path);
        this.#wake();
      });
    return entry.closing;
  }

  #changed(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resume of waiting) resume();
  }
}
