import type { DatabaseSync } from "node:sqlite";
import type { AgentSoftware } from "../../domain/agent-update.ts";
import type { AuditEntry } from "../../domain/audit.ts";
import type { UpdateStore } from "../../ports/update-store.ts";
import { insertAudit } from "./audit-store.ts";
import { inTransaction } from "./transaction.ts";

export const UPDATE_SCHEMA = `
  CREATE TABLE agent_software (
    agent_id        TEXT PRIMARY KEY,
    takes_updates   INTEGER NOT NULL,       -- 0 or 1
    running_sha256  TEXT NOT NULL,          -- empty: the installed bundle
    offered         TEXT                    -- JSON; NULL: nothing was
  ) STRICT;
`;

/** The retention of blobs asks of each whether it is offered. */
export const OFFERED_BUNDLES_SCHEMA = `
  CREATE INDEX agent_software_offered ON agent_software (offered ->> '$.sha256');
`;

/** In the store's own database; every method does all its work in one turn of the event loop. */
export class SqliteUpdateStore implements UpdateStore {
  readonly #database: DatabaseSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  async all(): Promise<readonly AgentSoftware[]> {
    const rows = this.#database.prepare("SELECT * FROM agent_software ORDER BY agent_id").all();
    return rows.map((row) => ({
      agentId: row["agent_id"] as string,
      takesUpdates: row["takes_updates"] === 1,
      runningSha256: row["running_sha256"] as string,
      offered: row["offered"] === null ? null : (JSON.parse(row["offered"] as string) as AgentSoftware["offered"]),
    }));
  }

  async put(software: AgentSoftware, audit: AuditEntry | null): Promise<void> {
    const { agentId, takesUpdates, runningSha256, offered } = software;
    inTransaction(this.#database, () => {
      this.#database
        .prepare("INSERT OR REPLACE INTO agent_software VALUES (?, ?, ?, ?)")
        .run(agentId, takesUpdates ? 1 : 0, runningSha256, offered && JSON.stringify(offered));
      if (audit) insertAudit(this.#database, audit);
    });
  }
}
