import type { AuditEntry } from "../domain/audit.ts";
import type { AgentCertificateRow, EnrolledAgentRow, JoinTokenRow, TokenRefusal } from "../domain/enrolment.ts";

export type EnrolOutcome =
  | { readonly ok: true }
  | ({ readonly ok: false } & TokenRefusal)
  /** Its machine has joined with this token and these keys. */
  | { readonly ok: false; readonly reason: "has-joined"; readonly agent: EnrolledAgentRow };

/**
 * Join tokens, and who joined with them. What resolves survives a crash of the
 * machine. An `audit` row is written with the change that it tells of, and not
 * where nothing changes.
 */
export interface IdentityStore {
  insertJoinToken(token: JoinTokenRow, audit: AuditEntry): Promise<void>;
  /** Newest first. */
  joinTokens(): Promise<readonly JoinTokenRow[]>;
  joinTokenOf(digest: string): Promise<JoinTokenRow | null>;
  /** False when there is none. */
  deleteJoinToken(id: string, audit: AuditEntry): Promise<boolean>;
  /** Counts a use of the token and remembers the agent and its certificate: all of it, or nothing. */
  enrol(
    digest: string,
    agent: EnrolledAgentRow,
    certificate: AgentCertificateRow,
    audit: AuditEntry,
  ): Promise<EnrolOutcome>;
  /** False when no such agent is enrolled, or it is revoked. */
  addCertificate(certificate: AgentCertificateRow, audit: AuditEntry): Promise<boolean>;
  /** The agent's certificates do not count any more. False when there is no such agent, or it was revoked before. */
  revoke(agentId: string, reason: string, nowMs: number, audit: AuditEntry): Promise<boolean>;
  enrolledAgents(): Promise<readonly EnrolledAgentRow[]>;
  /** That have not run out by then. */
  certificates(nowMs: number): Promise<readonly AgentCertificateRow[]>;
  /** Forgets certificates, agents without one, and tokens that ran out before then. */
  forget(beforeMs: number): Promise<void>;
}
