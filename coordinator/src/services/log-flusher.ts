import type { Logger } from "pino";
import { attemptId, type AttemptKey } from "../domain/attempt-key.ts";

/** Written log bytes are made durable at least this often … */
const FLUSH_INTERVAL_MS = 1_000;
/** … or as soon as an attempt has this much waiting, so that the agent's window never runs dry. */
const FLUSH_BYTES = 8 * 1024 * 1024;

interface Dirty {
  readonly key: AttemptKey;
  bytes: number;
  afterwards: () => void;
}

/** Remembers which attempts have log bytes that are not durable yet, and flushes them in time. */
export class LogFlusher {
  readonly #flush: (key: AttemptKey) => Promise<void>;
  readonly #log: Logger;
  readonly #dirty = new Map<string, Dirty>();
  readonly #running = new Map<string, Promise<void>>();
  #timer: NodeJS.Timeout | null = null;

  constructor(flush: (key: AttemptKey) => Promise<void>, log: Logger) {
    this.#flush = flush;
    this.#log = log;
  }

  /** `afterwards` is called when a flush that covers these bytes has ended well. */
  noteWritten(key: AttemptKey, bytes: number, afterwards: () => void): void {
    const id = attemptId(key);
    const entry = this.#dirty.get(id) ?? { key, bytes: 0, afterwards };
    entry.bytes += bytes;
    entry.afterwards = afterwards;
    this.#dirty.set(id, entry);
    if (entry.bytes >= FLUSH_BYTES) this.#start(id, entry);
    this.#timer ??= setTimeout(() => this.#flushAll(), FLUSH_INTERVAL_MS);
  }

  forget(key: AttemptKey): void {
    this.#dirty.delete(attemptId(key));
  }

  async stop(): Promise<void> {
    this.#flushAll();
    await Promise.all(this.#running.values());
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #flushAll(): void {
    this.#timer = null;
    for (const [id, entry] of this.#dirty) this.#start(id, entry);
  }

  /** One flush per attempt at a time; what is written meanwhile waits for the next. */
  #start(id: string, entry: Dirty): void {
    if (this.#running.has(id)) {
      this.#timer ??= setTimeout(() => this.#flushAll(), FLUSH_INTERVAL_MS);
      return;
    }
    this.#dirty.delete(id);
    const running = this.#flush(entry.key)
      .then(entry.afterwards)
      .catch((cause: unknown) => this.#log.error({ ...entry.key, err: cause }, "a log could not be made durable"))
      .finally(() => this.#running.delete(id));
    this.#running.set(id, running);
  }
}
