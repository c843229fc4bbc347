import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import type { AuditEntry, AuditRow } from "../../domain/audit.ts";
import type { AuditQuery, AuditStore } from "../../ports/audit-store.ts";
import type { Columns } from "./rows.ts";

export const AUDIT_SCHEMA = `
  CREATE TABLE audit (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,  -- never given twice
    at       INTEGER NOT NULL,
    who      TEXT NOT NULL,
    what     TEXT NOT NULL,
    object   TEXT NOT NULL,
    outcome  TEXT NOT NULL,                      -- done, refused, failed
    address  TEXT NOT NULL,                      -- where it came from
    detail   TEXT NOT NULL
  ) STRICT;
  CREATE INDEX audit_who ON audit (who, id);
  CREATE INDEX audit_what ON audit (what, id);
  CREATE INDEX audit_refused ON audit (id) WHERE outcome = 'refused';
`;

const INSERT = "INSERT INTO audit (at, who, what, object, outcome, address, detail) VALUES (?, ?, ?, ?, ?, ?, ?)";
const inserts = new WeakMap<DatabaseSync, StatementSync>();

/** Adds a row in whatever transaction is under way. */
export function insertAudit(database: DatabaseSync, entry: AuditEntry): void {
  let insert = inserts.get(database);
  if (!insert) inserts.set(database, (insert = database.prepare(INSERT)));
  const { atMs, who, what, object, outcome, from, detail } = entry;
  insert.run(atMs, who, what, object, outcome, from, detail);
}

/** In the store's own database; every method does all its work in one turn of the event loop. */
export class SqliteAuditStore implements AuditStore {
  readonly #database: DatabaseSync;
  readonly #prepared = new Map<string, StatementSync>();

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  async page({ before, sinceMs, who, what, limit }: AuditQuery): Promise<readonly AuditRow[]> {
    const conditions = ["id < ?"];
    const values: SQLInputValue[] = [before ?? Number.MAX_SAFE_INTEGER];
    for (const [column, value] of [
      ["at >= ?", sinceMs],
      ["who = ?", who],
      ["what = ?", what],
    ] as const) {
      if (value === null) continue;
      conditions.push(column);
      values.push(value);
    }
    const sql = `SELECT * FROM audit WHERE ${conditions.join(" AND ")} ORDER BY id DESC LIMIT ?`;
    return this.#statement(sql)
      .all(...values, limit)
      .map(readEntry);
  }

  async removeOld(beforeMs: number, limit: number): Promise<number> {
    // Ids increase with time, but for a clock that was set back; so the oldest ids are looked at, not every row.
    const sql = "DELETE FROM audit WHERE id IN (SELECT id FROM audit ORDER BY id LIMIT ?) AND at < ?";
    return Number(this.#statement(sql).run(limit, beforeMs).changes);
  }

  async removeBeyond(keep: number, which: "refused" | "others", limit: number): Promise<number> {
    const kind = which === "refused" ? "outcome = 'refused'" : "outcome <> 'refused'";
    const sql = `DELETE FROM audit WHERE id IN (SELECT id FROM audit WHERE ${kind} AND id <=
      (SELECT id FROM audit WHERE ${kind} ORDER BY id DESC LIMIT 1 OFFSET ?) ORDER BY id LIMIT ?)`;
    return Number(this.#statement(sql).run(keep, limit).changes);
  }

  #statement(sql: string): StatementSync {
    let statement = this.#prepared.get(sql);
    if (!statement) this.#prepared.set(sql, (statement = this.#database.prepare(sql)));
    return statement;
  }
}

function readEntry(row: Columns): AuditRow {
  return {
    id: row["id"] as number,
    atMs: row["at"] as number,
    who: row["who"] as string,
    what: row["what"] as AuditRow["what"],
    object: row["object"] as string,
    outcome: row["outcome"] as AuditRow["outcome"],
    from: row["address"] as string,
    detail: row["detail"] as string,
  };
}
