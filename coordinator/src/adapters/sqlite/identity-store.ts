import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import {
  whyRefused,
  type AgentCertificateRow,
  type EnrolledAgentRow,
  type JoinTokenRow,
} from "../../domain/enrolment.ts";
import type { EnrolOutcome, IdentityStore } from "../../ports/identity-store.ts";
import type { Columns } from "./rows.ts";

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

  async insertJoinToken(token: JoinTokenRow): Promise<void> {
    this.#run(
      `INSERT INTO join_tokens (id, digest, role, labels, uses, uses_left, created_at, expires_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
      token.id,
      token.digest,
      token.role,
      JSON.stringify(token.labels),
      token.uses,
      token.usesLeft,
      token.createdAtMs,
      token.expiresAtMs,
    );
  }

  async joinTokens(): Promise<readonly JoinTokenRow[]> {
    return this.#all("SELECT * FROM join_tokens ORDER BY created_at DESC, id").map(readToken);
  }

  async joinTokenOf(digest: string): Promise<JoinTokenRow | null> {
    return this.#token(digest);
  }

  async deleteJoinToken(id: string): Promise<boolean> {
    return this.#run("DELETE FROM join_tokens WHERE id = ?", id) > 0;
  }

  async enrol(digest: string, agent: EnrolledAgentRow, certificate: AgentCertificateRow): Promise<EnrolOutcome> {
    return this.#transaction((): EnrolOutcome => {
      const refusal = whyRefused(this.#token(digest), agent.enrolledAtMs);
      if (refusal) return { ok: false, ...refusal };
      this.#run("UPDATE join_tokens SET uses_left = uses_left - 1 WHERE digest = ?", digest);
      this.#run(
        `INSERT INTO enrolled_agents (agent_id, name, role, labels, token_id, enrolled_at, revoked_at, revoked_for)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
        agent.agentId,
        agent.name,
        agent.role,
        JSON.stringify(agent.labels),
        agent.tokenId,
        agent.enrolledAtMs,
        agent.revokedAtMs,
        agent.revokedFor,
      );
      this.#insertCertificate(certificate);
      return { ok: true };
    });
  }

  async addCertificate(certificate: AgentCertificateRow): Promise<void> {
    this.#insertCertificate(certificate);
  }

  async revoke(agentId: string, reason: string, nowMs: number): Promise<void> {
    const sql = "UPDATE enrolled_agents SET revoked_at = ?, revoked_for = ? WHERE agent_id = ? AND revoked_at IS NULL";
    this.#run(sql, nowMs, reason, agentId);
  }

  async enrolledAgents(): Promise<readonly EnrolledAgentRow[]> {
    return this.#all("SELECT * FROM enrolled_agents ORDER BY agent_id").map(readAgent);
  }

  async certificates(nowMs: number): Promise<readonly AgentCertificateRow[]> {
    const sql = "SELECT * FROM agent_certificates WHERE not_after > ? ORDER BY agent_id, issued_at";
    return this.#all(sql, nowMs).map(readCertificate);
  }

  async forget(beforeMs: number): Promise<void> {
    this.#transaction(() => {
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

  #transaction<T>(work: () => T): T {
    this.#database.exec("BEGIN IMMEDIATE");
    try {
      const result = work();
      this.#database.exec("COMMIT");
      return result;
    } catch (cause) {
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
      throw cause;
    }
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
