import type { AgentCertificateRow, EnrolledAgentRow, JoinTokenRow, TokenRefusal } from "../domain/enrolment.ts";

export type EnrolOutcome = { readonly ok: true } | ({ readonly ok: false } & TokenRefusal);

/** Join tokens, and who joined with them. What resolves survives a crash of the machine. */
export interface IdentityStore {
  insertJoinToken(token: JoinTokenRow): Promise<void>;
  /** Newest first. */
  joinTokens(): Promise<readonly JoinTokenRow[]>;
  joinTokenOf(digest: string): Promise<JoinTokenRow | null>;
  /** False when there is none. */
  deleteJoinToken(id: string): Promise<boolean>;
  /** Counts a use of the token and remembers the agent and its certificate: all of it, or nothing. */
  enrol(digest: string, agent: EnrolledAgentRow, certificate: AgentCertificateRow): Promise<EnrolOutcome>;
  /** Of an agent that is enrolled. */
  addCertificate(certificate: AgentCertificateRow): Promise<void>;
  /** The agent's certificates do not count any more. A second time changes nothing. */
  revoke(agentId: string, reason: string, nowMs: number): Promise<void>;
  enrolledAgents(): Promise<readonly EnrolledAgentRow[]>;
  /** That have not run out by then. */
  certificates(nowMs: number): Promise<readonly AgentCertificateRow[]>;
  /** Forgets certificates, agents without one, and tokens that ran out before then. */
  forget(beforeMs: number): Promise<void>;
}
