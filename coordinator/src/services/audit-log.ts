import { LRUCache } from "lru-cache";
import type { Logger } from "pino";
import {
  auditEntry,
  type Actor,
  type AuditedAction,
  type AuditEntry,
  type AuditRetention,
  type AuditRow,
} from "../domain/audit.ts";
import type { StoreOp } from "../domain/store-op.ts";
import type { AuditQuery, AuditStore } from "../ports/audit-store.ts";
import type { Clock } from "../ports/clock.ts";
import type { Metrics } from "../ports/metrics.ts";

/** Of one kind of refusal of one party from one address: so many rows in a minute, the rest are counted. */
const REFUSALS_PER_MINUTE = 10;
const MINUTE_MS = 60_000;
/** Parties whose refusals are counted at a time; of more the one refused longest ago is forgotten. */
const REFUSED_PARTIES_MAX = 10_000;
/** Rows that wait to be written by `note`. */
const NOTES_MAX = 1_000;
const SWEEP_INTERVAL_MS = 3_600_000;
const ROWS_PER_TURN = 5_000;
const PAUSE_MS = 20;

/** Under which names reached limits are counted. */
export const AUDIT_LIMIT_NAMES = ["audit-notes", "audit-refusals"] as const;

interface Refusals {
  sinceMs: number;
  written: number;
  /** Since the last one that was written. */
  leftOut: number;
}

export interface AuditParts {
  /** Usually a group commit, whose one fsync serves many. */
  readonly commits: { add(ops: readonly StoreOp[]): Promise<void> };
  readonly store: AuditStore;
  readonly clock: Clock;
  readonly metrics: Pick<Metrics, "limitReached">;
  readonly log: Logger;
}

/**
 * Who did what. A change writes its row in its own transaction: `op` for what is
 * committed with `FarmEngine.act`, `entry` for stores with transactions of their
 * own. `record` and `note` are for what changes nothing, such as a refusal.
 */
export class AuditLog {
  readonly #parts: AuditParts;
  readonly #retention: AuditRetention;
  readonly #refusals = new LRUCache<string, Refusals>({ max: REFUSED_PARTIES_MAX });
  readonly #stopping = new AbortController();
  #notes = 0;
  #timer: NodeJS.Timeout | null = null;
  #sweeping: Promise<void> | null = null;

  constructor(parts: AuditParts, retention: AuditRetention) {
    this.#parts = parts;
    this.#retention = retention;
  }

  /** A row to be written with the change that it tells of. */
  entry(by: Actor, action: AuditedAction): AuditEntry {
    return auditEntry(by, action, this.#parts.clock.nowMs());
  }

  /** The same, for `Effects.ops`. */
  op(by: Actor, action: AuditedAction): StoreOp {
    return { op: "audit", entry: this.entry(by, action) };
  }

  /** Resolves when the row is durable; at once where it is a refusal like many just before, which is counted only. */
  async record(by: Actor, action: AuditedAction): Promise<void> {
    const leftOut = action.outcome === "refused" ? this.#countRefusal(by, action) : 0;
    if (leftOut === null) return;
    const more = leftOut === 0 ? "" : ` (${leftOut} more like it were not written down)`;
    await this.#parts.commits.add([this.op(by, { ...action, detail: `${action.detail ?? ""}${more}`.trim() })]);
  }

  /** As `record`, for callers that cannot wait. What cannot be written is in the coordinator's log. */
  note(by: Actor, action: AuditedAction): void {
    const { metrics, log } = this.#parts;
    if (this.#notes >= NOTES_MAX) {
      metrics.limitReached("audit-notes");
      log.warn({ audit: this.entry(by, action) }, "an audit row was not written: too many are waiting");
      return;
    }
    this.#notes += 1;
    this.record(by, action)
      .catch((cause: unknown) =>
        log.error({ err: cause, audit: this.entry(by, action) }, "an audit row was not written"),
      )
      .finally(() => (this.#notes -= 1));
  }

  page(query: AuditQuery): Promise<readonly AuditRow[]> {
    return this.#parts.store.page(query);
  }

  /** Removes old rows now and then every hour. */
  start(): void {
    const sweep = (): void => {
      this.sweep().catch((cause: unknown) => this.#parts.log.error({ err: cause }, "the audit log was not swept"));
    };
    this.#timer = setInterval(sweep, SWEEP_INTERVAL_MS);
    sweep();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    if (this.#timer) clearInterval(this.#timer);
    await this.#sweeping?.catch(() => undefined);
  }

  /** One sweep at a time, in short turns. */
  sweep(): Promise<void> {
    this.#sweeping ??= this.#sweep().finally(() => (this.#sweeping = null));
    return this.#sweeping;
  }

  async #sweep(): Promise<void> {
    const { store, clock } = this.#parts;
    const { ageMaxMs, rowsMax, refusedRowsMax } = this.#retention;
    if (ageMaxMs !== null) await this.#inTurns(() => store.removeOld(clock.nowMs() - ageMaxMs, ROWS_PER_TURN));
    await this.#inTurns(() => store.removeBeyond(rowsMax, "others", ROWS_PER_TURN));
    await this.#inTurns(() => store.removeBeyond(refusedRowsMax, "refused", ROWS_PER_TURN));
  }

  async #inTurns(remove: () => Promise<number>): Promise<void> {
    while (!this.#stopping.signal.aborted && (await remove()) === ROWS_PER_TURN) {
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }

  /** How many like it were left out before it; null: it is left out, too. */
  #countRefusal({ who, from }: Actor, { what, way }: AuditedAction): number | null {
    const nowMs = this.#parts.clock.nowMs();
    const key = `${who}\n${from}\n${what}\n${way ?? ""}`;
    let refusals = this.#refusals.get(key);
    if (!refusals || nowMs - refusals.sinceMs >= MINUTE_MS) {
      refusals = { sinceMs: nowMs, written: 0, leftOut: refusals?.leftOut ?? 0 };
      this.#refusals.set(key, refusals);
    }
    if (refusals.written >= REFUSALS_PER_MINUTE) {
      refusals.leftOut += 1;
      this.#parts.metrics.limitReached("audit-refusals");
      return null;
    }
    refusals.written += 1;
    const { leftOut } = refusals;
    refusals.leftOut = 0;
    return leftOut;
  }
}
