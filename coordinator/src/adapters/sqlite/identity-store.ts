import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import {
  whyRefused,
  type AgentCertificateRow,
  type EnrolledAgentRow,
  type JoinTokenRow,
} from "../../domain/enrolment.ts";
import type { AuditEntry } from "../../domain/audit.ts";
import type { EnrolOutcome, IdentityStore } from "../../ports/identity-store.ts";
import { insertAudit } from "./audit-store.ts";
import type { Columns } from "./rows.ts";
import { inTransaction } from "./transaction.ts";

export const IDENTITY_SCHEMA = `
  CREATE TABLE join_tokens (
    id          TEXT PRIMARY KEY,
    digest      TEXT NOT NULL UNIQUE,       -- SHA-256 of the token
    role        TEXT NOT NULL,
    labels      TEXT NOT NULL,              -- JSON
    uses        INTEGER NOT NULL,
    uses_left   INTEGER NOT NULL,
    created_at  INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE enrolled_agents (
    agent_id     TEXT PRIMARY KEY,
    name         TEXT NOT NULL,
    role         TEXT NOT NULL,
    labels       TEXT NOT NULL,             -- JSON
    token_id     TEXT NOT NULL,
    enrolled_at  INTEGER NOT NULL,
    revoked_at   INTEGER,
    revoked_for  TEXT NOT NULL
  ) STRICT;

  CREATE TABLE agent_certificates (
    serial           TEXT PRIMARY KEY,
    agent_id         TEXT NOT NULL REFERENCES enrolled_agents (agent_id),
    nats_public_key  TEXT NOT NULL,
    issued_at        INTEGER NOT NULL,
    not_after        INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX agent_certificates_agent ON agent_certificates (agent_id);
`;

/** With which keys a machine joined: a token is used once for each. */
export const JOINING_KEYS_SCHEMA = `
  ALTER TABLE enrolled_agents ADD COLUMN keys TEXT NOT NULL DEFAULT '';
  CREATE UNIQUE INDEX enrolled_agents_keys ON enrolled_agents (token_id, keys) WHERE keys <> '';
`;

/**
 * Identities in the store's own database. Every method does all its work in
 * one turn of the event loop, so its transactions and the store's never meet.
 */
export class SqliteIdentityStore implements IdentityStore {
  readonly #database: DatabaseSync;
  readonly #prepared = new Map<string, StatementSync>();

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  async insertJoinToken(token: JoinTokenRow, audit: AuditEntry): Promise<void> {
    const { id, digest, role, uses, usesLeft, createdAtMs, expiresAtMs } = token;
    const sql = `INSERT INTO join_tokens (id, digest, role, labels, uses, uses_left, created_at, expires_at)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?)`;
    const labels = JSON.stringify(token.labels);
    this.#withAudit(audit, () => this.#run(sql, id, digest, role, labels, uses, usesLeft, createdAtMs, expiresAtMs));
  }

  async joinTokens(): Promise<readonly JoinTokenRow[]> {
    return this.#all("SELECT * FROM join_tokens ORDER BY created_at DESC, id").map(readToken);
  }

  async joinTokenOf(digest: string): Promise<JoinTokenRow | null> {
    return this.#token(digest);
  }

  async deleteJoinToken(id: string, audit: AuditEntry): Promise<boolean> {
    return this.#withAudit(audit, () => this.#run("DELETE FROM join_tokens WHERE id = ?", id));
  }

  async enrol(
    digest: string,
    agent: EnrolledAgentRow,
    certificate: AgentCertificateRow,
    audit: AuditEntry,
  ): Promise<EnrolOutcome> {
    return inTransaction(this.#database, (): EnrolOutcome => {
      const joined = this.#joined(agent.tokenId, agent.keys);
      if (joined) return { ok: false, reason: "has-joined", agent: joined };
      const refusal = whyRefused(this.#token(digest), agent.enrolledAtMs);
      if (refusal) return { ok: false, ...refusal };
      this.#run("UPDATE join_tokens SET uses_left = uses_left - 1 WHERE digest = ?", digest);
      this.#run(
        `INSERT INTO enrolled_agents (agent_id, name, role, labels, token_id, keys, enrolled_at, revoked_at, revoked_for)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        agent.agentId,
        agent.name,
        agent.role,
        JSON.stringify(agent.labels),
        agent.tokenId,
        agent.keys,
        agent.enrolledAtMs,
        agent.revokedAtMs,
        agent.revokedFor,
      );
      this.#insertCertificate(certificate);
      insertAudit(this.#database, audit);
      return { ok: true };
    });
  }

  async addCertificate(certificate: AgentCertificateRow, audit: AuditEntry): Promise<boolean> {
    const known = "SELECT 1 FROM enrolled_agents WHERE agent_id = ? AND revoked_at IS NULL";
    return this.#withAudit(audit, () => {
      if (this.#all(known, certificate.agentId).length === 0) return 0;
      this.#insertCertificate(certificate);
      return 1;
    });
  }

  async revoke(agentId: string, reason: string, nowMs: number, audit: AuditEntry): Promise<boolean> {
    const sql = "UPDATE enrolled_agents SET revoked_at = ?, revoked_for = ? WHERE agent_id = ? AND revoked_at IS NULL";
    return this.#withAudit(audit, () => this.#run(sql, nowMs, reason, agentId));
  }

  async enrolledAgents(): Promise<readonly EnrolledAgentRow[]> {
    return this.#all("SELECT * FROM enrolled_agents ORDER BY agent_id").map(readAgent);
  }

  async certificates(nowMs: number): Promise<readonly AgentCertificateRow[]> {
    const sql = "SELECT * FROM agent_certificates WHERE not_after > ? ORDER BY agent_id, issued_at";
    return this.#all(sql, nowMs).map(readCertificate);
  }

  async forget(beforeMs: number): Promise<void> {
    inTransaction(this.#database, () => {
      this.#run("DELETE FROM agent_certificates WHERE not_after < ?", beforeMs);
      this.#run(
        `DELETE FROM enrolled_agents WHERE NOT EXISTS (
           SELECT 1 FROM agent_certificates AS still WHERE still.agent_id = enrolled_agents.agent_id)`,
      );
      this.#run("DELETE FROM join_tokens WHERE expires_at < ?", beforeMs);
    });
  }

  #token(digest: string): JoinTokenRow | null {
    const row = this.#statement("SELECT * FROM join_tokens WHERE digest = ?").get(digest);
    return row === undefined ? null : readToken(row);
  }

  #insertCertificate({ serial, agentId, natsPublicKey, issuedAtMs, notAfterMs }: AgentCertificateRow): void {
    const sql = `INSERT INTO agent_certificates (serial, agent_id, nats_public_key, issued_at, not_after)
      VALUES (?, ?, ?, ?, ?)`;
    this.#run(sql, serial, agentId, natsPublicKey, issuedAtMs, notAfterMs);
  }

  #joined(tokenId: string, keys: string): EnrolledAgentRow | null {
    if (keys === "") return null;
    const [row] = this.#all("SELECT * FROM enrolled_agents WHERE token_id = ? AND keys = ?", tokenId, keys);
    return row ? readAgent(row) : null;
  }

  /** True when `change` has changed rows; then the audit row is written with them, in one transaction. */
  #withAudit(audit: AuditEntry, change: () => number): boolean {
    return inTransaction(this.#database, () => {
      if (change() === 0) return false;
      insertAudit(this.#database, audit);
      return true;
    });
  }

  #statement(sql: string): StatementSync {
    let statement = this.#prepared.get(sql);
    if (!statement) this.#prepared.set(sql, (statement = this.#database.prepare(sql)));
    return statement;
  }

  #run(sql: string, ...values: SQLInputValue[]): number {
    return Number(this.#statement(sql).run(...values).changes);
  }

  #all(sql: string, ...values: SQLInputValue[]): Columns[] {
    return this.#statement(sql).all(...values);
  }
}

function readToken(row: Columns): JoinTokenRow {
  return {
    id: row["id"] as string,
    digest: row["digest"] as string,
    role: row["role"] as JoinTokenRow["role"],
    labels: JSON.parse(row["labels"] as string) as JoinTokenRow["labels"],
    uses: row["uses"] as number,
    usesLeft: row["uses_left"] as number,
    createdAtMs: row["created_at"] as number,
    expiresAtMs: row["expires_at"] as number,
  };
}

function readAgent(row: Columns): EnrolledAgentRow {
  return {
    agentId: row["agent_id"] as string,
    name: row["name"] as string,
    role: row["role"] as EnrolledAgentRow["role"],
    labels: JSON.parse(row["labels"] as string) as EnrolledAgentRow["labels"],
    tokenId: row["token_id"] as string,
    keys: row["keys"] as string,
    enrolledAtMs: row["enrolled_at"] as number,
    revokedAtMs: row["revoked_at"] as number | null,
    revokedFor: row["revoked_for"] as string,
  };
}

function readCertificate(row: Columns): AgentCertificateRow {
  return {
    serial: row["serial"] as string,
    agentId: row["agent_id"] as string,
    natsPublicKey: row["nats_public_key"] as string,
    issuedAtMs: row["issued_at"] as number,
    notAfterMs: row["not_after"] as number,
  };
}
