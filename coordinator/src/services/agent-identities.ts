import type { Logger } from "pino";
import type { Enrolment, EnrolmentBody, JoinTokenBody, JoinTokenView, NewJoinToken, RenewalBody } from "@kiln/proto";
import { makeToken, parseToken, tokenDigest } from "@kiln/identity";
import type { Revocation } from "../domain/agent-standing.ts";
import type { Actor, AuditEntry } from "../domain/audit.ts";
import { joiningKeys, newAgentId, whyRefused, type EnrolledAgentRow, type JoinTokenRow } from "../domain/enrolment.ts";
import type { Clock } from "../ports/clock.ts";
import type { FarmAuthority } from "../ports/farm-authority.ts";
import type { IdentityStore } from "../ports/identity-store.ts";
import type { AuditLog } from "./audit-log.ts";
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
  readonly audit: Pick<AuditLog, "entry">;
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
 * about here, so a revocation holds from the moment that it is durable. What
 * changes is stored with its row of the audit log.
 */
export class AgentIdentities {
  readonly #parts: Parts;
  readonly #options: AgentIdentitiesOptions;
  readonly #agents = new Map<string, EnrolledAgentRow>();
  readonly #revoked: ((agentId: string, revocation: Revocation) => Promise<void> | void)[] = [];

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

  /** Since when and why the agent is none any more; null when it is one, or never was. */
  revocationOf(agentId: string): Revocation | null {
    const agent = this.#agents.get(agentId);
    return agent && agent.revokedAtMs !== null ? { atMs: agent.revokedAtMs, reason: agent.revokedFor } : null;
  }

  /** The agent of a verified certificate, if the farm still takes it. */
  known(agentId: string | null): string | null {
    return agentId !== null && this.isAgent(agentId) ? agentId : null;
  }

  /** Called when an agent's certificates no longer count. */
  onRevoked(listener: (agentId: string, revocation: Revocation) => Promise<void> | void): void {
    this.#revoked.push(listener);
  }

  async makeJoinToken(body: JoinTokenBody, by: Actor): Promise<NewJoinToken | null> {
    const { store, authority, audit, clock, randomId } = this.#parts;
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
    const detail = `${row.role}, uses: ${uses}`;
    await store.insertJoinToken(row, audit.entry(by, { what: "join-token.create", object: row.id, detail }));
    return { ...viewOf(row), token };
  }

  async joinTokens(): Promise<readonly JoinTokenView[]> {
    return (await this.#parts.store.joinTokens()).map(viewOf);
  }

  deleteJoinToken(id: string, by: Actor): Promise<boolean> {
    const { store, audit } = this.#parts;
    return store.deleteJoinToken(id, audit.entry(by, { what: "join-token.revoke", object: id }));
  }

  /**
   * A machine joins. One that comes again with the same token and keys, because
   * the answer did not reach it, is the agent that it was, and uses the token no
   * second time.
   */
  async enrol(body: EnrolmentBody, by: Actor): Promise<EnrolmentResult> {
    const { store, authority, clock } = this.#parts;
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
    if (!token || (refusal && refusal.reason !== "token-used")) {
      return enrolmentRefusal(refusal ?? { reason: "token-unknown" });
    }
    const key = await authority.keyOf(body.request);
    const keys = key.ok ? joiningKeys(key.digest, body.natsPublicKey) : null;
    const joined = this.#agents.values().find((agent) => agent.tokenId === token.id && agent.keys === keys);
    if (joined && token.expiresAtMs > nowMs) return this.#enrolAgain(joined, body, by);
    if (refusal) return enrolmentRefusal(refusal);
    if (!key.ok) return enrolmentRefusal({ reason: "bad-request", message: key.message });
    return this.#enrolNew(token, { keys: joiningKeys(key.digest, body.natsPublicKey), body, by, nowMs });
  }

  async #enrolNew(
    { id: tokenId, digest, role, labels }: JoinTokenRow,
    asked: { readonly keys: string; readonly body: EnrolmentBody; readonly by: Actor; readonly nowMs: number },
  ): Promise<EnrolmentResult> {
    const { store, audit, log, randomId } = this.#parts;
    const { keys, body, by, nowMs } = asked;
    const count = this.#agents.values().reduce((sum, agent) => sum + (agent.revokedAtMs === null ? 1 : 0), 0);
    if (count >= this.#options.agentsMax) {
      return enrolmentRefusal({ reason: "too-many-agents", limit: this.#options.agentsMax });
    }
    const { name } = body;
    const agentId = newAgentId(name, randomId());
    const agent: EnrolledAgentRow = {
      ...{ agentId, name, role, labels, tokenId, keys, enrolledAtMs: nowMs, revokedAtMs: null, revokedFor: "" },
    };
    const issued = await this.#issue(agentId, body, nowMs);
    if (!issued.ok) return enrolmentRefusal({ reason: "bad-request", message: issued.message });
    const entry = audit.entry(by, { what: "agent.enrol", object: agentId, detail: name });
    const outcome = await store.enrol(digest, agent, issued.row, entry);
    if (!outcome.ok) {
      return outcome.reason === "has-joined" ? this.#enrolAgain(outcome.agent, body, by) : enrolmentRefusal(outcome);
    }
    this.#agents.set(agentId, agent);
    log.info({ agentId, agentName: name, token: tokenId }, "a machine joined");
    return { ok: true, enrolment: this.#enrolment(agent, issued) };
  }

  async #enrolAgain(agent: EnrolledAgentRow, body: EnrolmentBody, by: Actor): Promise<EnrolmentResult> {
    const { agentId } = agent;
    const detail = `${body.name}, again with the same token and keys`;
    const entry = this.#parts.audit.entry(by, { what: "agent.enrol", object: agentId, detail });
    const result = await this.#issueMore(agent, body, entry);
    if (result.ok) this.#parts.log.info({ agentId }, "a machine that had joined came for its certificate again");
    return result;
  }

  /** New credentials for new keys of an agent that `isAgent`. Those of before hold until they run out. */
  async renew(agentId: string, body: RenewalBody, by: Actor): Promise<EnrolmentResult> {
    const { audit, clock, log } = this.#parts;
    const nowMs = clock.nowMs();
    if (isSkewed(body.nowMs, nowMs)) return enrolmentRefusal({ reason: "clock-skew", nowMs, theirsMs: body.nowMs });
    const agent = this.#agents.get(agentId);
    if (!agent) return enrolmentRefusal({ reason: "agent-revoked" });
    const result = await this.#issueMore(agent, body, audit.entry(by, { what: "agent.renew", object: agentId }));
    if (result.ok) log.info({ agentId }, "an agent renewed its certificate");
    return result;
  }

  /** Another certificate for an agent that is not revoked. */
  async #issueMore(agent: EnrolledAgentRow, body: RenewalBody, entry: AuditEntry): Promise<EnrolmentResult> {
    const { store, authority, clock } = this.#parts;
    const { agentId } = agent;
    const nowMs = clock.nowMs();
    const issued = await this.#issue(agentId, body, nowMs);
    if (!issued.ok) return enrolmentRefusal({ reason: "bad-request", message: issued.message });
    if (!this.isAgent(agentId) || !(await store.addCertificate(issued.row, entry))) {
      return enrolmentRefusal({ reason: "agent-revoked" });
    }
    // Revoked while it was written: its NATS user was not among those that were revoked.
    if (!this.isAgent(agentId)) {
      await authority.revokeNatsUsers([body.natsPublicKey], nowMs);
      return enrolmentRefusal({ reason: "agent-revoked" });
    }
    return { ok: true, enrolment: this.#enrolment(agent, issued) };
  }

  /**
   * The agent's certificates and NATS users do not count any more, from now on
   * and for good. Resolves with when that was; null when there is no such agent.
   */
  async revoke(agentId: string, reason: string, by: Actor): Promise<number | null> {
    const { store, authority, audit, clock, log } = this.#parts;
    const agent = this.#agents.get(agentId);
    if (!agent) return null;
    if (agent.revokedAtMs !== null) return agent.revokedAtMs;
    const nowMs = clock.nowMs();
    // First in memory: nothing may slip in while it is written.
    this.#agents.set(agentId, { ...agent, revokedAtMs: nowMs, revokedFor: reason });
    try {
      await store.revoke(
        agentId,
        reason,
        nowMs,
        audit.entry(by, { what: "agent.revoke", object: agentId, detail: reason }),
      );
    } catch (cause) {
      // It would count again after a restart: whoever asked is told, and may ask again.
      this.#agents.set(agentId, agent);
      throw cause;
    }
    log.warn({ agentId, reason }, "an agent was revoked");
    const own = (await store.certificates(nowMs)).filter((certificate) => certificate.agentId === agentId);
    await Promise.all([
      authority.revokeNatsUsers(
        own.map(({ natsPublicKey }) => natsPublicKey),
        nowMs,
      ),
      ...this.#revoked.map(async (listener) => listener(agentId, { atMs: nowMs, reason })),
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
