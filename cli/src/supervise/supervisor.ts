import { setTimeout as delay } from "node:timers/promises";
import { ChildRun, type ChildEnd, type ChildSpec, type ReadyResult } from "./child.ts";
import { LOG_BYTES_MAX, trimLog } from "./log-file.ts";
import { decideRestart, RESTART_BUDGET, type RestartBudget } from "./restart-budget.ts";

export type SupervisorEvent =
  | { readonly kind: "died"; readonly name: string; readonly end: ChildEnd; readonly restartInMs: number }
  | { readonly kind: "restarted"; readonly name: string; readonly pid: number };

/** A child that came to its end for good. */
export interface SupervisorFailure {
  readonly name: string;
  readonly end: ChildEnd;
  /** False: it never became ready. True: it died too often. */
  readonly wasReady: boolean;
  readonly logFile: string;
}

export interface SupervisorOptions {
  readonly budget?: RestartBudget;
  readonly nowMs: () => number;
  readonly onEvent: (event: SupervisorEvent) => void;
}

interface Kept {
  readonly spec: ChildSpec;
  run: ChildRun;
  restartsAtMs: readonly number[];
}

const TRIM_EVERY_MS = 60_000;

/**
 * Keeps children running: started one after the other, each when the one
 * before is ready; started again within a budget when one dies; stopped in
 * the opposite order.
 */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #kept: Kept[] = [];
  readonly #stopping = new AbortController();
  readonly #failure = Promise.withResolvers<SupervisorFailure>();
  readonly #trimmer: NodeJS.Timeout;
  #stopped: Promise<void> | null = null;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#trimmer = setInterval(() => void this.#trimLogs(), TRIM_EVERY_MS).unref();
  }

  /** Resolves when a child cannot be kept running; never, when all can. */
  get failed(): Promise<SupervisorFailure> {
    return this.#failure.promise;
  }

  /** Process ids of the children that were started, by name. */
  get pids(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#kept.map(({ spec, run }) => [spec.name, run.pid]));
  }

  /** Starts a child and waits until it is ready; from then on it is kept. A child that is not ready at first is not tried again. */
  async start(spec: ChildSpec): Promise<ReadyResult> {
    this.#stopping.signal.throwIfAborted();
    const run = await ChildRun.start(spec);
    const kept: Kept = { spec, run, restartsAtMs: [] };
    this.#kept.push(kept);
    const result = await run.ready();
    if (result.ok) void this.#keep(kept);
    return result;
  }

  async #keep(kept: Kept): Promise<void> {
    const { signal } = this.#stopping;
    for (;;) {
      const end = await kept.run.ended;
      if (signal.aborted) return;
      const decision = decideRestart(kept.restartsAtMs, this.#options.nowMs(), this.#options.budget ?? RESTART_BUDGET);
      if (decision.kind === "give-up") {
        this.#failure.resolve({ name: kept.spec.name, end, wasReady: true, logFile: kept.spec.logFile });
        return;
      }
      kept.restartsAtMs = decision.restartsAtMs;
      this.#options.onEvent({ kind: "died", name: kept.spec.name, end, restartInMs: decision.afterMs });
      await delay(decision.afterMs, undefined, { signal }).catch(() => {});
      if (signal.aborted) return;
      kept.run = await ChildRun.start(kept.spec);
      // A stop that came while it was being started has not seen this process.
      if (signal.aborted) {
        await kept.run.stop();
        return;
      }
      const result = await kept.run.ready();
      if (result.ok) this.#options.onEvent({ kind: "restarted", name: kept.spec.name, pid: kept.run.pid });
    }
  }

  /** Stops all children, the last started first. Safe to call at any time, and twice. */
  async stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    await this.#stopped;
  }

  async #stop(): Promise<void> {
    this.#stopping.abort();
    clearInterval(this.#trimmer);
    for (const kept of this.#kept.toReversed()) await kept.run.stop();
  }

  /** Ends all children at once. */
  kill(): void {
    this.#stopping.abort();
    clearInterval(this.#trimmer);
    for (const kept of this.#kept) kept.run.kill();
  }

  async #trimLogs(): Promise<void> {
    for (const { spec } of this.#kept) await trimLog(spec.logFile, LOG_BYTES_MAX).catch(() => {});
  }
}
