import { setImmediate, setTimeout } from "node:timers/promises";
import type { Logger } from "pino";
import type { AuditEntry } from "../domain/audit.ts";
import { expiryRule, UNUSED_RULE, type RetentionPolicy } from "../domain/retention.ts";
import { BLOB_GRACE_MS, type BlobSweep, type BlobUsage, type KeptBlob } from "../ports/blob-sweep.ts";
import type { Clock } from "../ports/clock.ts";
import type { LogStore } from "../ports/log-store.ts";
import type { Metrics } from "../ports/metrics.ts";
import type { PinOutcome, RemovedBlob, RetentionStore } from "../ports/retention-store.ts";

/** What a turn does at most, and the pause after it in which the farm does its work. */
const RUNS_PER_TURN = 50;
const LOGS_PER_TURN = 10;
const PAUSE_MS = 20;
const SWEEP_INTERVAL_MS = 3_600_000;
const UNUSED_AGE_MS = 7 * 24 * 3_600_000;

export interface RetentionParts {
  readonly store: RetentionStore;
  readonly blobs: BlobSweep;
  readonly logs: Pick<LogStore, "removeRun">;
  readonly metrics: Pick<Metrics, "removed" | "swept">;
  readonly clock: Clock;
  readonly log: Logger;
  /** Whether the farm works on a run, also where the store does not say so yet. */
  readonly isActive: (run: number) => boolean;
}

/**
 * Gives up the blobs and logs of old runs. A run is marked first; then its logs
 * go, and in a walk over all blobs those that only marked runs use. Both steps
 * find again what an earlier process left undone. A blob that was put or asked for
 * within the last hour stays, so whoever is about to refer to it wins.
 */
export class Retention {
  readonly #parts: RetentionParts;
  readonly #policy: RetentionPolicy;
  readonly #pauseMs: number;
  readonly #stopping = new AbortController();
  #sweeping: Promise<void> | null = null;
  #timer: NodeJS.Timeout | null = null;

  constructor(parts: RetentionParts, policy: RetentionPolicy, pauseMs = PAUSE_MS) {
    this.#parts = parts;
    this.#policy = policy;
    this.#pauseMs = pauseMs;
  }

  /** Sweeps now and then every hour. The first sweep also counts what is stored. */
  start(): void {
    const sweep = (): void => {
      this.sweep().catch((cause: unknown) => this.#parts.log.error({ err: cause }, "old runs could not be swept"));
    };
    this.#timer = setInterval(sweep, SWEEP_INTERVAL_MS);
    sweep();
  }

  /** Resolves when the turn under way is done. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    if (this.#timer) clearInterval(this.#timer);
    await this.#sweeping?.catch(() => undefined);
  }

  /** One sweep at a time; rejects when a disk or the store fails, and the next one goes on there. */
  sweep(): Promise<void> {
    this.#sweeping ??= this.#sweep().finally(() => (this.#sweeping = null));
    return this.#sweeping;
  }

  usage(): BlobUsage {
    return this.#parts.blobs.usage();
  }

  pin(run: number, audit: AuditEntry): Promise<PinOutcome> {
    return this.#parts.store.setPin(run, this.#parts.clock.nowMs(), audit);
  }

  unpin(run: number, audit: AuditEntry): Promise<PinOutcome> {
    return this.#parts.store.setPin(run, null, audit);
  }

  /** What became of a blob that is not there; null when it never was. */
  removedBlob(sha256: string): Promise<RemovedBlob | null> {
    return this.#parts.store.removed(sha256);
  }

  async #sweep(): Promise<void> {
    const startedMs = performance.now();
    await this.#expireRuns();
    await this.#removeLogs();
    for (let part = 0; part < this.#parts.blobs.parts; part++) {
      if (this.#stopping.signal.aborted) return;
      for (const blob of await this.#parts.blobs.list(part)) await this.#considerBlob(blob);
      await this.#pause();
    }
    this.#parts.metrics.swept(performance.now() - startedMs);
  }

  async #expireRuns(): Promise<void> {
    const { store, clock, log, isActive } = this.#parts;
    const { ageMaxMs, newestRunsKept } = this.#policy;
    if (ageMaxMs === null) return;
    for (let afterRun = 0; !this.#stopping.signal.aborted;) {
      const nowMs = clock.nowMs();
      const query = { endedBeforeMs: nowMs - ageMaxMs, afterRun, limit: RUNS_PER_TURN, newerRunsMax: newestRunsKept };
      const runs = await store.aged(query);
      for (const run of runs) {
        const rule = expiryRule(run, this.#policy, nowMs);
        if (rule === null || isActive(run.run) || !(await store.expire(run.run, nowMs, rule))) continue;
        log.info({ run: run.run, rule }, "the bytes of a run are given up");
      }
      const last = runs.at(-1);
      if (!last) return;
      afterRun = last.run;
      await this.#pause();
    }
  }

  async #removeLogs(): Promise<void> {
    const { store, logs, metrics, isActive } = this.#parts;
    while (!this.#stopping.signal.aborted) {
      const runs = (await store.logsToRemove(LOGS_PER_TURN)).filter((run) => !isActive(run));
      if (runs.length === 0) return;
      for (const run of runs) {
        metrics.removed("log", await logs.removeRun(run));
        await store.logsRemoved(run);
      }
      await this.#pause();
    }
  }

  async #considerBlob({ sha256, sizeBytes, touchedMs }: KeptBlob): Promise<void> {
    const { store, blobs, metrics, clock } = this.#parts;
    const nowMs = clock.nowMs();
    if (touchedMs > nowMs - BLOB_GRACE_MS) return;
    const use = await store.blobUse(sha256);
    if (use.by === "kept-run" || use.by === "offered-update") return;
    if (use.by === "none" && (this.#policy.ageMaxMs === null || touchedMs > nowMs - UNUSED_AGE_MS)) return;
    const rule = use.by === "none" ? UNUSED_RULE : use.rule;
    await store.noteRemoved({ sha256, sizeBytes, removedAtMs: nowMs, rule });
    if (await blobs.remove(sha256, nowMs - BLOB_GRACE_MS)) metrics.removed("blob", sizeBytes);
  }

  async #pause(): Promise<void> {
    await (this.#pauseMs === 0 ? setImmediate() : setTimeout(this.#pauseMs));
  }
}
