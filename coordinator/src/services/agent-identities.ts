import type { Logger } from "pino";
import type { Enrolment, EnrolmentBody, JoinTokenBody, JoinTokenView, NewJoinToken, RenewalBody } from "@kiln/proto";
import { makeToken, parseToken, tokenDigest } from "@kiln/identity";
import { newAgentId, whyRefused, type EnrolledAgentRow, type JoinTokenRow } from "../domain/enrolment.ts";
import type { Clock } from "../ports/clock.ts";
import type { FarmAuthority } from "../ports/farm-authority.ts";
import type { IdentityStore } from "../ports/identity-store.ts";
import { enrolmentRefusal, type EnrolmentRefusal } from "./enrolment-refusal.ts";

export interface AgentIdentitiesOptions {
  /** How long a certificate and its NATS user last. */
  readonly lifetimeMs: number;
  readonly agentsMax: number;
  /** Told to agents: `host:port` and `nats://host:port`, the host empty where it is the one by which the farm was reached. */
  readonly addresses: () => { readonly grpcAddress: string; readonly natsUrl: string };
}

interface Parts {
  readonly store: IdentityStore;
  readonly authority: FarmAuthority;
  readonly clock: Clock;
  readonly log: Logger;
  /** Random lower-case letters and digits. */
  readonly randomId: () => string;
}

export type EnrolmentResult =
  | { readonly ok: true; readonly enrolment: Enrolment }
  | ({ readonly ok: false } & EnrolmentRefusal);

const HOUR_MS = 3_600_000;
const CLOCK_SKEW_MS_MAX = 5 * 60_000;
const JOIN_TOKENS_MAX = 10_000;
/** What has run out is remembered this long, so that whoever comes with it hears that. */
const REMEMBERED_MS = 30 * 24 * HOUR_MS;

/**
 * Who is an agent of the farm: machines join by token, renew what they were
 * given, and are revoked. Everybody who is let in by a certificate is asked
 * about here, so a revocation holds from the moment that it is durable.
 */
export class AgentIdentities {
  readonly #parts: Parts;
  readonly #options: AgentIdentitiesOptions;
  readonly #agents = new Map<string, EnrolledAgentRow>();
  readonly #revoked: ((agentId: string, reason: string) => Promise<void> | void)[] = [];

  private constructor(parts: Parts, options: AgentIdentitiesOptions) {
    this.#parts = parts;
    this.#options = options;
  }

  /** Reads who is known; revocations that a crash kept from NATS are told it now. */
  static async open(parts: Parts, options: AgentIdentitiesOptions): Promise<AgentIdentities> {
    const identities = new AgentIdentities(parts, options);
    const nowMs = parts.clock.nowMs();
    await parts.store.forget(nowMs - REMEMBERED_MS);
    for (const agent of await parts.store.enrolledAgents()) identities.#agents.set(agent.agentId, agent);
    const certificates = await parts.store.certificates(nowMs);
    const revoked = certificates.filter(({ agentId }) => !identities.isAgent(agentId));
    await parts.authority.revokeNatsUsers(
      revoked.map(({ natsPublicKey }) => natsPublicKey),
      nowMs,
    );
    return identities;
  }

  get authorityPem(): string {
    return this.#parts.authority.certificatePem;
  }

  /** True for whom the farm has enrolled and not revoked. Whether its certificate holds is the TLS server's matter. */
  isAgent(agentId: string): boolean {
    return this.#agents.get(agentId)?.revokedAtMs === null;
  }

  /** The agent of a verified certificate, if the farm still takes it. */
  known(agentId: string | null): string | null {
    return agentId !== null && this.isAgent(agentId) ? agentId : null;
  }

  /** Called when an agent's certificates no longer count. */
  onRevoked(listener: (agentId: string, reason: string) => Promise<void> | void): void {
    this.#revoked.push(listener);
  }

  async makeJoinToken(body: JoinTokenBody): Promise<NewJoinToken | null> {
    const { store, authority, clock, randomId } = this.#parts;
    const nowMs = clock.nowMs();
    await store.forget(nowMs - REMEMBERED_MS);
    if ((await store.joinTokens()).length >= JOIN_TOKENS_MAX) return null;
    const token = makeToken("join", authority.fingerprint);
    const uses = body.uses ?? 1;
    const row: JoinTokenRow = {
      id: `jt-${randomId()}`,
      digest: tokenDigest(token),
      role: body.role ?? "worker",
      labels: body.labels ?? {},
      uses,
      usesLeft: uses,
      createdAtMs: nowMs,
      expiresAtMs: nowMs + (body.lifetimeMs ?? HOUR_MS),
    };
    await store.insertJoinToken(row);
    return { ...viewOf(row), token };
  }

  async joinTokens(): Promise<readonly JoinTokenView[]> {
    return (await this.#parts.store.joinTokens()).map(viewOf);
  }

  deleteJoinToken(id: string): Promise<boolean> {
    return this.#parts.store.deleteJoinToken(id);
  }

  async enrol(body: EnrolmentBody): Promise<EnrolmentResult> {
    const { store, authority, clock, log, randomId } = this.#parts;
    const nowMs = clock.nowMs();
    const parsed = parseToken(body.token);
    if (!parsed.ok) return enrolmentRefusal({ reason: "malformed-token", message: parsed.message });
    const { kind, fingerprint } = parsed.token;
    if (kind !== "join") return enrolmentRefusal({ reason: "no-join-token" });
    if (fingerprint !== authority.fingerprint) return enrolmentRefusal({ reason: "token-foreign" });
    if (isSkewed(body.nowMs, nowMs)) return enrolmentRefusal({ reason: "clock-skew", nowMs, theirsMs: body.nowMs });
    const digest = tokenDigest(body.token);
    // Before anything is signed; it is asked once more when the use is counted.
    const token = await store.joinTokenOf(digest);
    const refusal = whyRefused(token, nowMs);
    if (!token || refusal) return enrolmentRefusal(refusal ?? { reason: "token-unknown" });
    if (this.#agents.size >= this.#options.agentsMax) {
      return enrolmentRefusal({ reason: "too-many-agents", limit: this.#options.agentsMax });
    }
    const { role, labels } = token;
    const name = body.name;
    const agentId = newAgentId(name, randomId());
    const agent: EnrolledAgentRow = {
      ...{ agentId, name, role, labels, tokenId: token.id, enrolledAtMs: nowMs, revokedAtMs: null, revokedFor: "" },
    };
    const issued = await this.#issue(agentId, body, nowMs);
    if (!issued.ok) return enrolmentRefusal({ reason: "bad-request", message: issued.message });
    const outcome = await store.enrol(digest, agent, issued.row);
    if (!outcome.ok) return enrolmentRefusal(outcome);
    this.#agents.set(agentId, agent);
    log.info({ agentId, agentName: name, token: token.id }, "a machine joined");
    return { ok: true, enrolment: this.#enrolment(agent, issued) };
  }

  /** New credentials for new keys of an agent that `isAgent`. Those of before hold until they run out. */
  async renew(agentId: string, body: RenewalBody): Promise<EnrolmentResult> {
    const { store, clock, log } = this.#parts;
    const nowMs = clock.nowMs();
    if (isSkewed(body.nowMs, nowMs)) return enrolmentRefusal({ reason: "clock-skew", nowMs, theirsMs: body.nowMs });
    const issued = await this.#issue(agentId, body, nowMs);
    if (!issued.ok) return enrolmentRefusal({ reason: "bad-request", message: issued.message });
    const agent = this.#agents.get(agentId);
    if (!agent || agent.revokedAtMs !== null) return enrolmentRefusal({ reason: "agent-revoked" });
    await store.addCertificate(issued.row);
    // Revoked while it was written: its NATS user was not among those that were revoked.
    if (!this.isAgent(agentId)) {
      await this.#parts.authority.revokeNatsUsers([body.natsPublicKey], nowMs);
      return enrolmentRefusal({ reason: "agent-revoked" });
    }
    log.info({ agentId }, "an agent renewed its certificate");
    return { ok: true, enrolment: this.#enrolment(agent, issued) };
  }

  /**
   * The agent's certificates and NATS users do not count any more, from now on
   * and for good. Resolves with when that was; null when there is no such agent.
   */
  async revoke(agentId: string, reason: string): Promise<number | null> {
    const { store, authority, clock, log } = this.#parts;
    const agent = this.#agents.get(agentId);
    if (!agent) return null;
    if (agent.revokedAtMs !== null) return agent.revokedAtMs;
    const nowMs = clock.nowMs();
    // First in memory: nothing may slip in while it is written.
    this.#agents.set(agentId, { ...agent, revokedAtMs: nowMs, revokedFor: reason });
    await store.revoke(agentId, reason, nowMs);
    log.warn({ agentId, reason }, "an agent was revoked");
    const own = (await store.certificates(nowMs)).filter((certificate) => certificate.agentId === agentId);
    await Promise.all([
      authority.revokeNatsUsers(
        own.map(({ natsPublicKey }) => natsPublicKey),
        nowMs,
      ),
      ...this.#revoked.map(async (listener) => listener(agentId, reason)),
    ]);
    return nowMs;
  }

  async #issue(agentId: string, { request, natsPublicKey }: RenewalBody, nowMs: number) {
    const { lifetimeMs } = this.#options;
    const asked = { agentId, requestPem: request, natsPublicKey, nowMs, lifetimeMs };
    const issued = await this.#parts.authority.issue(asked);
    if (!issued.ok) return issued;
    const { serial, notAfterMs } = issued;
    return { ...issued, row: { serial, agentId, natsPublicKey, issuedAtMs: nowMs, notAfterMs } };
  }

  #enrolment(
    { agentId, labels, role }: EnrolledAgentRow,
    issued: { readonly certificatePem: string; readonly natsJwt: string; readonly notAfterMs: number },
  ): Enrolment {
    const { grpcAddress, natsUrl } = this.#options.addresses();
    return {
      agentId,
      certificate: issued.certificatePem,
      authority: this.authorityPem,
      natsJwt: issued.natsJwt,
      notAfterMs: issued.notAfterMs,
      grpcAddress,
      natsUrl,
      labels,
      role,
    };
  }
}

function isSkewed(theirsMs: number, nowMs: number): boolean {
  return Math.abs(theirsMs - nowMs) > CLOCK_SKEW_MS_MAX;
}

function viewOf({ id, role, labels, uses, usesLeft, createdAtMs, expiresAtMs }: JoinTokenRow): JoinTokenView {
  return { id, role, labels, uses, usesLeft, createdAtMs, expiresAtMs };
}
