import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { auditEntry, type AuditAction, type AuditEntry } from "../domain/audit.ts";
import type { AgentCertificateRow, EnrolledAgentRow, JoinTokenRow } from "../domain/enrolment.ts";
import type { AuditStore } from "./audit-store.ts";
import type { IdentityStore } from "./identity-store.ts";

export interface IdentityStoreUnderTest {
  /** Finds again what was stored before. */
  open(): Promise<AsyncDisposable & { readonly identities: IdentityStore; readonly audit: AuditStore }>;
  wipe(): Promise<void>;
}

function token(set: Partial<JoinTokenRow> = {}): JoinTokenRow {
  return {
    ...{ id: "jt-1", digest: "d1", role: "worker", labels: { rack: "a3" }, uses: 2, usesLeft: 2 },
    ...{ createdAtMs: 5, expiresAtMs: 1_000 },
    ...set,
  };
}

function agent(agentId: string, enrolledAtMs = 10): EnrolledAgentRow {
  const what = { agentId, name: agentId, role: "worker", labels: { rack: "a3" }, tokenId: "jt-1" } as const;
  const keys = `key-${agentId}`;
  return { ...what, keys, enrolledAtMs, revokedAtMs: null, revokedFor: "" };
}

function certificate(agentId: string, serial: string, notAfterMs = 2_000): AgentCertificateRow {
  return { serial, agentId, natsPublicKey: `U${serial}`, issuedAtMs: 10, notAfterMs };
}

const BY = { who: "token:ci", from: "127.0.0.1" };

function told(what: AuditAction, object = ""): AuditEntry {
  return auditEntry(BY, { what, object }, 7);
}

/** One that no store takes. */
const UNWRITABLE = { ...told("agent.enrol"), who: null as unknown as string };

export function identityStoreContract(name: string, place: () => IdentityStoreUnderTest): void {
  describe(`an identity store (${name})`, () => {
    let under: IdentityStoreUnderTest;
    let opened: Awaited<ReturnType<IdentityStoreUnderTest["open"]>>;
    let store: IdentityStore;
    const open = async () => {
      opened = await under.open();
      store = opened.identities;
    };
    beforeEach(async () => {
      under = place();
      await open();
    });
    afterEach(async () => {
      await opened[Symbol.asyncDispose]();
      await under.wipe();
    });
    const reopen = async () => {
      await opened[Symbol.asyncDispose]();
      await open();
    };

    it("gives back tokens, newest first, also after reopening", async () => {
      const tokens = [token(), token({ id: "jt-2", digest: "d2", createdAtMs: 9, role: "ephemeral", labels: {} })];
      for (const row of tokens) await store.insertJoinToken(row, told("join-token.create"));
      await reopen();
      expect(await store.joinTokens()).toEqual(tokens.toReversed());
      expect(await store.joinTokenOf("d2")).toEqual(tokens[1]);
      expect(await store.joinTokenOf("d3")).toBeNull();
    });

    it("counts a token's use with the agent that it was for, also when two come at once, and not one more", async () => {
      await store.insertJoinToken(token(), told("join-token.create"));
      const outcomes = await Promise.all(
        ["a", "b", "c"].map((id) => store.enrol("d1", agent(id), certificate(id, id), told("agent.enrol"))),
      );
      expect(outcomes).toEqual([{ ok: true }, { ok: true }, { ok: false, reason: "token-used", uses: 2 }]);
      await reopen();
      expect(await store.joinTokenOf("d1")).toMatchObject({ usesLeft: 0, uses: 2 });
      expect(await store.enrolledAgents()).toEqual([agent("a"), agent("b")]);
      expect(await store.certificates(0)).toEqual([certificate("a", "a"), certificate("b", "b")]);
    });

    it("counts no use when the agent cannot be remembered", async () => {
      await store.insertJoinToken(token(), told("join-token.create"));
      await store.enrol("d1", agent("a"), certificate("a", "s"), told("agent.enrol"));
      await expect(store.enrol("d1", agent("b"), certificate("b", "s"), told("agent.enrol"))).rejects.toThrow();
      expect(await store.joinTokenOf("d1")).toMatchObject({ usesLeft: 1 });
      expect(await store.enrolledAgents()).toEqual([agent("a")]);
    });

    it("refuses a token that has expired, was deleted or never was, and remembers nobody", async () => {
      await store.insertJoinToken(token(), told("join-token.create"));
      const late = await store.enrol("d1", agent("a", 1_000), certificate("a", "a"), told("agent.enrol"));
      expect(late).toEqual({ ok: false, reason: "token-expired", expiredAtMs: 1_000 });
      expect(await store.enrol("d9", agent("a"), certificate("a", "a"), told("agent.enrol"))).toEqual({
        ok: false,
        reason: "token-unknown",
      });
      expect(await store.deleteJoinToken("jt-1", told("join-token.revoke"))).toBe(true);
      expect(await store.deleteJoinToken("jt-1", told("join-token.revoke"))).toBe(false);
      expect(await store.enrol("d1", agent("a"), certificate("a", "a"), told("agent.enrol"))).toEqual({
        ok: false,
        reason: "token-unknown",
      });
      expect(await store.enrolledAgents()).toEqual([]);
    });

    it("remembers since when and why an agent is revoked, the first time for good", async () => {
      await store.insertJoinToken(token(), told("join-token.create"));
      await store.enrol("d1", agent("a"), certificate("a", "a"), told("agent.enrol"));
      await store.revoke("a", "stolen", 50, told("agent.revoke"));
      await store.revoke("a", "again", 60, told("agent.revoke"));
      await store.revoke("nobody", "", 60, told("agent.revoke"));
      await reopen();
      expect(await store.enrolledAgents()).toEqual([{ ...agent("a"), revokedAtMs: 50, revokedFor: "stolen" }]);
    });

    it("takes a machine that comes again with its token and keys for the agent that it is, and counts no use", async () => {
      await store.insertJoinToken(token({ uses: 3, usesLeft: 3 }), told("join-token.create"));
      await store.enrol("d1", agent("a"), certificate("a", "a"), told("agent.enrol"));
      const again = { ...agent("b"), keys: agent("a").keys };
      expect(await store.enrol("d1", again, certificate("b", "b"), told("agent.enrol"))).toEqual({
        ...{ ok: false, reason: "has-joined", agent: agent("a") },
      });
      // Agents of before keys were kept have none, and are not each other.
      for (const id of ["c", "d"]) {
        const old = { ...agent(id), keys: "" };
        expect(await store.enrol("d1", old, certificate(id, id), told("agent.enrol"))).toEqual({ ok: true });
      }
      expect(await store.joinTokenOf("d1")).toMatchObject({ usesLeft: 0 });
      expect((await store.enrolledAgents()).map(({ agentId }) => agentId)).toEqual(["a", "c", "d"]);
    });

    it("gives no certificate to an agent that is revoked, or that never was", async () => {
      await store.insertJoinToken(token(), told("join-token.create"));
      await store.enrol("d1", agent("a"), certificate("a", "a"), told("agent.enrol"));
      expect(await store.addCertificate(certificate("a", "a2"), told("agent.renew"))).toBe(true);
      expect(await store.revoke("a", "", 50, told("agent.revoke"))).toBe(true);
      expect(await store.addCertificate(certificate("a", "a3"), told("agent.renew"))).toBe(false);
      expect(await store.addCertificate(certificate("z", "z1"), told("agent.renew"))).toBe(false);
      expect((await store.certificates(0)).map(({ serial }) => serial)).toEqual(["a", "a2"]);
    });

    it("writes each change with the row that tells of it, and no row where nothing changes", async () => {
      await store.insertJoinToken(token({ uses: 1, usesLeft: 1 }), told("join-token.create", "jt-1"));
      await store.enrol("d1", agent("a"), certificate("a", "a"), told("agent.enrol", "a"));
      await store.enrol("d1", agent("b"), certificate("b", "b"), told("agent.enrol", "b"));
      await store.addCertificate(certificate("a", "a2"), told("agent.renew", "a"));
      await store.revoke("a", "", 50, told("agent.revoke", "a"));
      await store.revoke("a", "", 60, told("agent.revoke", "again"));
      await store.addCertificate(certificate("a", "a3"), told("agent.renew", "revoked"));
      await store.deleteJoinToken("jt-1", told("join-token.revoke", "jt-1"));
      await store.deleteJoinToken("jt-1", told("join-token.revoke", "gone"));
      await reopen();
      const rows = await opened.audit.page({ before: null, sinceMs: null, who: null, what: null, limit: 20 });
      expect(rows.map(({ what, object }) => `${what} ${object}`).toReversed()).toEqual([
        ...["join-token.create jt-1", "agent.enrol a", "agent.renew a", "agent.revoke a", "join-token.revoke jt-1"],
      ]);
    });

    it("changes nothing when the row cannot be written", async () => {
      await store.insertJoinToken(token(), told("join-token.create"));
      await store.enrol("d1", agent("a"), certificate("a", "a"), told("agent.enrol"));
      const before = async () => [await store.joinTokens(), await store.enrolledAgents(), await store.certificates(0)];
      const was = await before();
      for (const change of [
        () => store.insertJoinToken(token({ id: "jt-2", digest: "d2" }), UNWRITABLE),
        () => store.enrol("d1", agent("b"), certificate("b", "b"), UNWRITABLE),
        () => store.addCertificate(certificate("a", "a2"), UNWRITABLE),
        () => store.revoke("a", "", 50, UNWRITABLE),
        () => store.deleteJoinToken("jt-1", UNWRITABLE),
      ]) {
        await expect(change()).rejects.toThrow();
      }
      expect(await before()).toEqual(was);
    });

    it("forgets certificates, agents and tokens once they ran out, and nothing else", async () => {
      await store.insertJoinToken(token(), told("join-token.create"));
      await store.insertJoinToken(token({ id: "jt-2", digest: "d2", expiresAtMs: 9_000 }), told("join-token.create"));
      await store.enrol("d1", agent("a"), certificate("a", "a"), told("agent.enrol"));
      await store.enrol("d1", agent("b"), certificate("b", "b"), told("agent.enrol"));
      await store.addCertificate(certificate("b", "b2", 8_000), told("agent.renew"));
      expect(await store.certificates(2_000)).toEqual([certificate("b", "b2", 8_000)]);
      await store.forget(5_000);
      expect(await store.enrolledAgents()).toEqual([agent("b")]);
      expect(await store.certificates(0)).toEqual([certificate("b", "b2", 8_000)]);
      expect((await store.joinTokens()).map(({ id }) => id)).toEqual(["jt-2"]);
    });
  });
}
