import type { DatabaseSync } from "node:sqlite";
import type { AuditEntry } from "../../domain/audit.ts";
import type { JobSecretRow, SecretKey } from "../../domain/job-secret.ts";
import type { JobSecretStore } from "../../ports/job-secret-store.ts";
import { insertAudit } from "./audit-store.ts";
import type { Columns } from "./rows.ts";
import { inTransaction } from "./transaction.ts";

export const JOB_SECRETS_SCHEMA = `
  CREATE TABLE job_secrets (
    name        TEXT NOT NULL,
    project     TEXT NOT NULL,           -- '': all
    key_id      TEXT NOT NULL,
    nonce       BLOB NOT NULL,
    ciphertext  BLOB NOT NULL,
    set_at      INTEGER NOT NULL,
    set_by      TEXT NOT NULL,
    PRIMARY KEY (name, project)
  ) STRICT, WITHOUT ROWID;
`;

/** In the store's own database; every method does all its work in one turn of the event loop. */
export class SqliteJobSecretStore implements JobSecretStore {
  readonly #database: DatabaseSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  async list(): Promise<readonly JobSecretRow[]> {
    return this.#database.prepare("SELECT * FROM job_secrets ORDER BY name, project").all().map(readSecret);
  }

  async set(row: JobSecretRow, audit: AuditEntry): Promise<void> {
    const sql = `INSERT INTO job_secrets (name, project, key_id, nonce, ciphertext, set_at, set_by)
      VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (name, project) DO UPDATE SET key_id = excluded.key_id,
        nonce = excluded.nonce, ciphertext = excluded.ciphertext, set_at = excluded.set_at, set_by = excluded.set_by`;
    const { name, project, keyId, nonce, ciphertext, setAtMs, setBy } = row;
    inTransaction(this.#database, () => {
      this.#database.prepare(sql).run(name, project ?? "", keyId, nonce, ciphertext, setAtMs, setBy);
      insertAudit(this.#database, audit);
    });
  }

  async remove({ name, project }: SecretKey, audit: AuditEntry): Promise<boolean> {
    return inTransaction(this.#database, () => {
      const sql = "DELETE FROM job_secrets WHERE name = ? AND project = ?";
      const { changes } = this.#database.prepare(sql).run(name, project ?? "");
      if (changes === 1) insertAudit(this.#database, audit);
      return changes === 1;
    });
  }
}

function readSecret(row: Columns): JobSecretRow {
  const project = row["project"] as string;
  return {
    name: row["name"] as string,
    project: project === "" ? null : project,
    keyId: row["key_id"] as string,
    nonce: row["nonce"] as Uint8Array,
    ciphertext: row["ciphertext"] as Uint8Array,
    setAtMs: row["set_at"] as number,
    setBy: row["set_by"] as string,
  };
}
