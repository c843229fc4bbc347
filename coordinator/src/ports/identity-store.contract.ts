import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { AgentCertificateRow, EnrolledAgentRow, JoinTokenRow } from "../domain/enrolment.ts";
import type { IdentityStore } from "./identity-store.ts";

export interface IdentityStoreUnderTest {
  /** Finds again what was stored before. */
  open(): Promise<AsyncDisposable & { readonly identities: IdentityStore }>;
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
  return { ...what, enrolledAtMs, revokedAtMs: null, revokedFor: "" };
}

function certificate(agentId: string, serial: string, notAfterMs = 2_000): AgentCertificateRow {
  return { serial, agentId, natsPublicKey: `U${serial}`, issuedAtMs: 10, notAfterMs };
}

export function identityStoreContract(name: string, place: () => IdentityStoreUnderTest): void {
  describe(`an identity store (${name})`, () => {
    let under: IdentityStoreUnderTest;
    let opened: AsyncDisposable & { readonly identities: IdentityStore };
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
      for (const row of tokens) await store.insertJoinToken(row);
      await reopen();
      expect(await store.joinTokens()).toEqual(tokens.toReversed());
      expect(await store.joinTokenOf("d2")).toEqual(tokens[1]);
      expect(await store.joinTokenOf("d3")).toBeNull();
    });

    it("counts a token's use with the agent that it was for, also when two come at once, and not one more", async () => {
      await store.insertJoinToken(token());
      const outcomes = await Promise.all(
        ["a", "b", "c"].map((id) => store.enrol("d1", agent(id), certificate(id, id))),
      );
      expect(outcomes).toEqual([{ ok: true }, { ok: true }, { ok: false, reason: "token-used", uses: 2 }]);
      await reopen();
      expect(await store.joinTokenOf("d1")).toMatchObject({ usesLeft: 0, uses: 2 });
      expect(await store.enrolledAgents()).toEqual([agent("a"), agent("b")]);
      expect(await store.certificates(0)).toEqual([certificate("a", "a"), certificate("b", "b")]);
    });

    it("counts no use when the agent cannot be remembered", async () => {
      await store.insertJoinToken(token());
      await store.enrol("d1", agent("a"), certificate("a", "s"));
      await expect(store.enrol("d1", agent("b"), certificate("b", "s"))).rejects.toThrow();
      expect(await store.joinTokenOf("d1")).toMatchObject({ usesLeft: 1 });
      expect(await store.enrolledAgents()).toEqual([agent("a")]);
    });

    it("refuses a token that has expired, was deleted or never was, and remembers nobody", async () => {
      await store.insertJoinToken(token());
      const late = await store.enrol("d1", agent("a", 1_000), certificate("a", "a"));
      expect(late).toEqual({ ok: false, reason: "token-expired", expiredAtMs: 1_000 });
      expect(await store.enrol("d9", agent("a"), certificate("a", "a"))).toEqual({
        ok: false,
        reason: "token-unknown",
      });
      expect(await store.deleteJoinToken("jt-1")).toBe(true);
      expect(await store.deleteJoinToken("jt-1")).toBe(false);
      expect(await store.enrol("d1", agent("a"), certificate("a", "a"))).toEqual({
        ok: false,
        reason: "token-unknown",
      });
      expect(await store.enrolledAgents()).toEqual([]);
    });

    it("remembers since when and why an agent is revoked, the first time for good", async () => {
      await store.insertJoinToken(token());
      await store.enrol("d1", agent("a"), certificate("a", "a"));
      await store.revoke("a", "stolen", 50);
      await store.revoke("a", "again", 60);
      await store.revoke("nobody", "", 60);
      await reopen();
      expect(await store.enrolledAgents()).toEqual([{ ...agent("a"), revokedAtMs: 50, revokedFor: "stolen" }]);
    });

    it("forgets certificates, agents and tokens once they ran out, and nothing else", async () => {
      await store.insertJoinToken(token());
      await store.insertJoinToken(token({ id: "jt-2", digest: "d2", expiresAtMs: 9_000 }));
      await store.enrol("d1", agent("a"), certificate("a", "a"));
      await store.enrol("d1", agent("b"), certificate("b", "b"));
      await store.addCertificate(certificate("b", "b2", 8_000));
      expect(await store.certificates(2_000)).toEqual([certificate("b", "b2", 8_000)]);
      await store.forget(5_000);
      expect(await store.enrolledAgents()).toEqual([agent("b")]);
      expect(await store.certificates(0)).toEqual([certificate("b", "b2", 8_000)]);
      expect((await store.joinTokens()).map(({ id }) => id)).toEqual(["jt-2"]);
    });
  });
}
