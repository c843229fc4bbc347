import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ApiTokenRow } from "../domain/api-token.ts";
import { auditEntry, type AuditAction } from "../domain/audit.ts";
import type { JobSecretRow } from "../domain/job-secret.ts";
import { TESTER } from "../domain/testing.ts";
import type { ApiTokenStore } from "./api-token-store.ts";
import type { AuditStore } from "./audit-store.ts";
import type { JobSecretStore } from "./job-secret-store.ts";

type Stores = AsyncDisposable & {
  readonly apiTokens: ApiTokenStore;
  readonly jobSecrets: JobSecretStore;
  readonly audit: AuditStore;
};

/** What is opened: all stores on the same place, which `open` finds again within one test. */
export interface PeopleStoresUnderTest {
  open(): Promise<Stores>;
  wipe(): Promise<void>;
}

const token = (name: string, set: Partial<ApiTokenRow> = {}): ApiTokenRow => ({
  ...{ name, role: "viewer", digest: `digest of ${name}`, createdAtMs: 1, createdBy: "owner" },
  ...{ expiresAtMs: null, usedAtMs: null },
  ...set,
});
const secret = (name: string, set: Partial<JobSecretRow> = {}): JobSecretRow => ({
  ...{ name, project: null, keyId: "k", setAtMs: 1, setBy: "owner" },
  ...{ nonce: Uint8Array.of(0, 1), ciphertext: Uint8Array.of(255, 0) },
  ...set,
});
const entry = (what: AuditAction) => auditEntry(TESTER, { what, object: "x" }, 1);

export function peopleStoresContract(name: string, place: () => PeopleStoresUnderTest): void {
  describe(`stores of tokens and secrets (${name})`, () => {
    let under: PeopleStoresUnderTest;
    let store: Stores;
    const audited = async () =>
      (await store.audit.page({ before: null, sinceMs: null, who: null, what: null, limit: 9 })).map(
        ({ what }) => what,
      );

    beforeEach(async () => {
      under = place();
      store = await under.open();
    });
    afterEach(async () => {
      await store[Symbol.asyncDispose]();
      await under.wipe();
    });

    it("have tokens by name after a restart, with their last use, and write down their making and end", async () => {
      const b = token("b", { expiresAtMs: 9, role: "operator" });
      expect(await store.apiTokens.insert(b, entry("token.create"))).toBe(true);
      expect(await store.apiTokens.insert(token("a"), entry("token.create"))).toBe(true);
      await store.apiTokens.setUsed("a", 5);
      await store.apiTokens.setUsed("gone", 5);
      await store[Symbol.asyncDispose]();
      store = await under.open();
      expect(await store.apiTokens.list()).toEqual([token("a", { usedAtMs: 5 }), b]);
      expect(await store.apiTokens.remove("a", entry("token.revoke"))).toBe(true);
      expect(await store.apiTokens.list()).toEqual([b]);
      expect(await audited()).toEqual(["token.revoke", "token.create", "token.create"]);
    });

    it("write nothing down where nothing was done", async () => {
      await store.apiTokens.insert(token("a"), entry("token.create"));
      expect(await store.apiTokens.insert(token("a", { digest: "other" }), entry("token.create"))).toBe(false);
      expect(await store.apiTokens.remove("b", entry("token.revoke"))).toBe(false);
      expect(await store.jobSecrets.remove({ name: "A", project: null }, entry("secret.remove"))).toBe(false);
      expect(await audited()).toEqual(["token.create"]);
      expect(await store.apiTokens.list()).toEqual([token("a")]);
    });

    it("keep a secret for all projects and those of single ones apart, and the newest of each", async () => {
      await store.jobSecrets.set(secret("B"), entry("secret.set"));
      await store.jobSecrets.set(secret("A", { project: "demo" }), entry("secret.set"));
      await store.jobSecrets.set(secret("A"), entry("secret.set"));
      const newer = secret("A", { nonce: Uint8Array.of(7), setAtMs: 2, setBy: "token:x", keyId: "k2" });
      await store.jobSecrets.set(newer, entry("secret.set"));
      await store[Symbol.asyncDispose]();
      store = await under.open();
      expect(await store.jobSecrets.list()).toEqual([newer, secret("A", { project: "demo" }), secret("B")]);
      expect(await store.jobSecrets.remove({ name: "A", project: null }, entry("secret.remove"))).toBe(true);
      expect(await store.jobSecrets.list()).toEqual([secret("A", { project: "demo" }), secret("B")]);
      expect((await audited())[0]).toBe("secret.remove");
    });
  });
}
