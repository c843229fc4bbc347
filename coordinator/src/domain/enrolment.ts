import type { AgentRole, Labels } from "@kiln/proto";

/** A join token as it is kept: its secret is not. */
export interface JoinTokenRow {
  readonly id: string;
  /** Of the whole token; see `tokenDigest`. */
  readonly digest: string;
  readonly role: AgentRole;
  readonly labels: Labels;
  readonly uses: number;
  readonly usesLeft: number;
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
}

/** A machine that joined. */
export interface EnrolledAgentRow {
  readonly agentId: string;
  readonly name: string;
  readonly role: AgentRole;
  readonly labels: Labels;
  /** Of the join token. */
  readonly tokenId: string;
  /** Which keys it joined with; see `joiningKeys`. Empty for agents that joined before that was kept. */
  readonly keys: string;
  readonly enrolledAtMs: number;
  /** Since when none of its certificates counts; null: they count. */
  readonly revokedAtMs: number | null;
  readonly revokedFor: string;
}

/** What an agent was given: a certificate and a NATS user, which run out together. */
export interface AgentCertificateRow {
  readonly serial: string;
  readonly agentId: string;
  readonly natsPublicKey: string;
  readonly issuedAtMs: number;
  readonly notAfterMs: number;
}

export type TokenRefusal =
  | { readonly reason: "token-unknown" }
  | { readonly reason: "token-used"; readonly uses: number }
  | { readonly reason: "token-expired"; readonly expiredAtMs: number };

/** The keys of a request to join: whoever comes again with both, and the same token, is the same machine. */
export function joiningKeys(certificateKeyDigest: string, natsPublicKey: string): string {
  return `${certificateKeyDigest} ${natsPublicKey}`;
}

/** Why a machine may not join by this token now; null when it may. A used token is used, also after it has expired. */
export function whyRefused(token: JoinTokenRow | null, nowMs: number): TokenRefusal | null {
  if (!token) return { reason: "token-unknown" };
  if (token.usesLeft < 1) return { reason: "token-used", uses: token.uses };
  if (token.expiresAtMs <= nowMs) return { reason: "token-expired", expiredAtMs: token.expiresAtMs };
  return null;
}

/** Longest part of a host's name in an id. */
const HOST_CHARS_MAX = 40;

/** The id of a machine that joins: its name, as far as ids can have it, and random letters. */
export function newAgentId(name: string, random: string): string {
  const host = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+/, "")
    .slice(0, HOST_CHARS_MAX)
    .replace(/-+$/, "");
  return `${host || "agent"}-${random}`;
}
