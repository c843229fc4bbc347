import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import type { AuditEntry } from "../../domain/audit.ts";
import type { RunAge } from "../../domain/retention.ts";
import type { BlobUse, PinOutcome, RemovedBlob, RetentionQuery, RetentionStore } from "../../ports/retention-store.ts";
import { insertAudit } from "./audit-store.ts";
import type { Columns } from "./rows.ts";
import { inTransaction } from "./transaction.ts";

/** A run whose bytes may go: marked so after it last ended. */
const IS_EXPIRED = "(runs.state = 'finished' AND runs.expired_at IS NOT NULL AND runs.expired_at >= runs.finished_at)";

/** In the store's own database; every method does all its work in one turn of the event loop. */
export class SqliteRetentionStore implements RetentionStore {
  readonly #database: DatabaseSync;
  readonly #prepared = new Map<string, StatementSync>();

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  async aged({ endedBeforeMs, afterRun, limit, newerRunsMax }: RetentionQuery): Promise<readonly RunAge[]> {
    const sql = `SELECT run, finished_at,
        (SELECT count(*) FROM (SELECT 1 FROM runs AS newer
           WHERE newer.project = runs.project AND newer.run > runs.run AND newer.self_comparison_of IS NULL LIMIT ?)) AS newer_runs,
        verdict = 'pass' AND NOT EXISTS (SELECT 1 FROM runs AS newer
           WHERE newer.project = runs.project AND newer.run > runs.run AND newer.verdict = 'pass') AS newest_passed
      FROM runs
      WHERE run > ? AND state = 'finished' AND finished_at < ? AND pinned_at IS NULL AND NOT ${IS_EXPIRED}
      ORDER BY run LIMIT ?`;
    return this.#all(sql, newerRunsMax, afterRun, endedBeforeMs, limit).map((row) => ({
      run: row["run"] as number,
      finishedAtMs: row["finished_at"] as number,
      newerRuns: row["newer_runs"] as number,
      isNewestPassed: row["newest_passed"] === 1,
    }));
  }

  async expire(run: number, atMs: number, rule: string): Promise<boolean> {
    const sql = `UPDATE runs SET expired_at = max(?, finished_at), expired_rule = ?, has_logs = 1
      WHERE run = ? AND state = 'finished' AND pinned_at IS NULL`;
    return this.#change(sql, atMs, rule, run) === 1;
  }

  async logsToRemove(limit: number): Promise<readonly number[]> {
    // A run that took a job's result from another shows that one's log.
    const sql = `SELECT run FROM runs AS old WHERE run IN (SELECT run FROM runs WHERE ${IS_EXPIRED} AND has_logs = 1)
        AND NOT EXISTS (SELECT 1 FROM jobs JOIN runs USING (run) WHERE jobs.reused_run = old.run AND NOT ${IS_EXPIRED})
      ORDER BY run LIMIT ?`;
    return this.#all(sql, limit).map((row) => row["run"] as number);
  }

  async logsRemoved(run: number): Promise<void> {
    this.#change("UPDATE runs SET has_logs = 0 WHERE run = ?", run);
  }

  async setPin(run: number, atMs: number | null, audit: AuditEntry): Promise<PinOutcome> {
    const set = `UPDATE runs SET pinned_at = CASE WHEN ?1 IS NULL THEN NULL ELSE coalesce(pinned_at, ?1) END
      WHERE run = ?2 AND (?1 IS NULL OR NOT ${IS_EXPIRED})`;
    const isSet = inTransaction(this.#database, () => {
      const changed = this.#change(set, atMs, run) === 1;
      if (changed) insertAudit(this.#database, audit);
      return changed;
    });
    if (isSet) return "done";
    return this.#all("SELECT 1 FROM runs WHERE run = ?", run).length === 0 ? "no-such-run" : "bytes-gone";
  }

  async blobUse(sha256: string): Promise<BlobUse> {
    const offered = `SELECT 1 FROM agent_software JOIN enrolled_agents USING (agent_id)
      WHERE offered ->> '$.sha256' = ? AND offered ->> '$.failedBecause' IS NULL AND revoked_at IS NULL LIMIT 1`;
    if (this.#all(offered, sha256).length > 0) return { by: "offered-update" };
    const sql = `SELECT ${IS_EXPIRED} AS expired, expired_rule FROM blob_uses JOIN runs USING (run)
      WHERE sha256 = ? ORDER BY expired, run DESC LIMIT 1`;
    const [row] = this.#all(sql, sha256);
    if (!row) return { by: "none" };
    if (row["expired"] === 0) return { by: "kept-run" };
    return { by: "expired-run", rule: row["expired_rule"] as string };
  }

  async noteRemoved({ sha256, sizeBytes, removedAtMs, rule }: RemovedBlob): Promise<void> {
    const sql = "INSERT OR REPLACE INTO removed_blobs (sha256, size_bytes, removed_at, rule) VALUES (?, ?, ?, ?)";
    this.#change(sql, sha256, sizeBytes, removedAtMs, rule);
  }

  async removed(sha256: string): Promise<RemovedBlob | null> {
    const [row] = this.#all("SELECT * FROM removed_blobs WHERE sha256 = ?", sha256);
    if (!row) return null;
    return {
      sha256,
      sizeBytes: row["size_bytes"] as number,
      removedAtMs: row["removed_at"] as number,
      rule: row["rule"] as string,
    };
  }

  #statement(sql: string): StatementSync {
    let statement = this.#prepared.get(sql);
    if (!statement) this.#prepared.set(sql, (statement = this.#database.prepare(sql)));
    return statement;
  }

  #change(sql: string, ...values: SQLInputValue[]): number {
    return Number(this.#statement(sql).run(...values).changes);
  }

  #all(sql: string, ...values: SQLInputValue[]): Columns[] {
    return this.#statement(sql).all(...values);
  }
}
