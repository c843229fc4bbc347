import type { StoreOp } from "../domain/store-op.ts";
import type { Metrics } from "../ports/metrics.ts";
import type { Store } from "../ports/store.ts";

interface Waiting {
  readonly ops: readonly StoreOp[];
  resolve(): void;
  reject(cause: unknown): void;
}

export interface GroupCommitOptions {
  /**
   * How long a batch waits for company before its commit. 0 gives the shortest
   * latency; a few milliseconds give far fewer commits when much is going on.
   */
  readonly gatherMs: () => number;
  /** How often a failed commit is tried again before the coordinator gives up. */
  readonly attemptsMax: number;
  readonly retryDelayMs: number;
  /** Called after every failed attempt, and with `null` after each that succeeds. */
  readonly onTrouble: (cause: unknown) => void;
  /** Called when the last attempt failed: memory is ahead of the store for good, so the process must end. */
  readonly onGivenUp: (cause: unknown) => void;
}

/**
 * Gathers what is decided in one turn of the event loop into one durable
 * transaction: one fsync for all of it. While a commit runs, the next batch
 * gathers. Memory runs ahead of the store by what is waiting here, and nothing
 * leaves the process before its batch is durable.
 */
export class GroupCommit {
  readonly #store: Store;
  readonly #metrics: Metrics;
  readonly #options: GroupCommitOptions;
  #waiting: Waiting[] = [];
  #running: Promise<void> | null = null;

  constructor(store: Store, metrics: Metrics, options: GroupCommitOptions) {
    this.#store = store;
    this.#metrics = metrics;
    this.#options = options;
  }

  /** Resolves when `ops` are durable; batches become durable in the order of the calls. */
  add(ops: readonly StoreOp[]): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ ops, resolve, reject });
      this.#running ??= this.#run();
    });
  }

  /** Resolves when nothing is waiting. */
  async idle(): Promise<void> {
    while (this.#running) await this.#running;
  }

  async #run(): Promise<void> {
    await this.#gather();
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      try {
        const ops = batch.flatMap((entry) => entry.ops);
        if (ops.length > 0) await this.#commit(ops);
        for (const entry of batch) entry.resolve();
      } catch (cause) {
        for (const entry of batch) entry.reject(cause);
      }
    }
    this.#running = null;
  }

  /** Lets more join the batch: whatever this turn of the event loop brings, or as long as the owner thinks worth it. */
  async #gather(): Promise<void> {
    const gatherMs = this.#options.gatherMs();
    await new Promise<void>((resolve) => (gatherMs > 0 ? setTimeout(resolve, gatherMs) : setImmediate(resolve)));
  }

  async #commit(ops: readonly StoreOp[]): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      const startedMs = performance.now();
      try {
        await this.#store.commit(ops);
        this.#metrics.committed(ops.length, performance.now() - startedMs);
        this.#options.onTrouble(null);
        return;
      } catch (cause) {
        this.#options.onTrouble(cause);
        if (attempt >= this.#options.attemptsMax) {
          this.#options.onGivenUp(cause);
          throw cause;
        }
        await new Promise<void>((resolve) => setTimeout(resolve, this.#options.retryDelayMs));
      }
    }
  }
}
