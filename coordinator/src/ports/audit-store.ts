import type { AuditAction, AuditRow } from "../domain/audit.ts";

export interface AuditQuery {
  /** Only rows below this id; null: from the newest on. */
  readonly before: number | null;
  /** Only rows of this moment or later; null: however old. */
  readonly sinceMs: number | null;
  readonly who: string | null;
  readonly what: AuditAction | null;
  readonly limit: number;
}

/** The audit log. Rows are written by `Store.commit`, or by the store whose change they tell of; this reads and bounds. */
export interface AuditStore {
  /** Newest first. */
  page(query: AuditQuery): Promise<readonly AuditRow[]>;
  /** Removes up to `limit` rows, the oldest first, that are from before `beforeMs`; returns how many. */
  removeOld(beforeMs: number, limit: number): Promise<number>;
  /** Removes up to `limit` of the oldest rows, refusals or all others, beyond the newest `keep`; returns how many. */
  removeBeyond(keep: number, which: "refused" | "others", limit: number): Promise<number>;
}
