import type { DatabaseSync } from "node:sqlite";
import type { ApiTokenRow } from "../../domain/api-token.ts";
import type { AuditEntry } from "../../domain/audit.ts";
import type { Role } from "../../domain/principal.ts";
import type { ApiTokenStore } from "../../ports/api-token-store.ts";
import { insertAudit } from "./audit-store.ts";
import type { Columns } from "./rows.ts";
import { inTransaction } from "./transaction.ts";

export const API_TOKENS_SCHEMA = `
  CREATE TABLE api_tokens (
    name           TEXT PRIMARY KEY,
    role           TEXT NOT NULL,
    digest      TEXT NOT NULL UNIQUE,
    created_at     INTEGER NOT NULL,
    created_by     TEXT NOT NULL,
    expires_at     INTEGER,               -- NULL: never
    used_at        INTEGER                -- NULL: never
  ) STRICT, WITHOUT ROWID;
`;

/** In the store's own database; every method does all its work in one turn of the event loop. */
export class SqliteApiTokenStore implements ApiTokenStore {
  readonly #database: DatabaseSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  async list(): Promise<readonly ApiTokenRow[]> {
    return this.#database.prepare("SELECT * FROM api_tokens ORDER BY name").all().map(readToken);
  }

  async insert(row: ApiTokenRow, audit: AuditEntry): Promise<boolean> {
    const sql = `INSERT INTO api_tokens (name, role, digest, created_at, created_by, expires_at, used_at)
      VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (name) DO NOTHING`;
    const { name, role, digest, createdAtMs, createdBy, expiresAtMs, usedAtMs } = row;
    return inTransaction(this.#database, () => {
      const { changes } = this.#database
        .prepare(sql)
        .run(name, role, digest, createdAtMs, createdBy, expiresAtMs, usedAtMs);
      if (changes === 1) insertAudit(this.#database, audit);
      return changes === 1;
    });
  }

  async remove(name: string, audit: AuditEntry): Promise<boolean> {
    return inTransaction(this.#database, () => {
      const { changes } = this.#database.prepare("DELETE FROM api_tokens WHERE name = ?").run(name);
      if (changes === 1) insertAudit(this.#database, audit);
      return changes === 1;
    });
  }

  async setUsed(name: string, atMs: number): Promise<void> {
    this.#database.prepare("UPDATE api_tokens SET used_at = ? WHERE name = ?").run(atMs, name);
  }
}

function readToken(row: Columns): ApiTokenRow {
  return {
    name: row["name"] as string,
    role: row["role"] as Role,
    digest: row["digest"] as string,
    createdAtMs: row["created_at"] as number,
    createdBy: row["created_by"] as string,
    expiresAtMs: row["expires_at"] as number | null,
    usedAtMs: row["used_at"] as number | null,
  };
}
