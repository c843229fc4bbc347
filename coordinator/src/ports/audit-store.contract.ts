import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { auditEntry, type AuditEntry } from "../domain/audit.ts";
import type { AuditQuery, AuditStore } from "./audit-store.ts";
import type { Store } from "./store.ts";

/** What is opened: both stores on the same place, which `open` finds again within one test. */
export interface AuditStoreUnderTest {
  open(): Promise<Store & { readonly audit: AuditStore }>;
  wipe(): Promise<void>;
}

const ALL: AuditQuery = { before: null, sinceMs: null, who: null, what: null, limit: 100 };

function entry(atMs: number, set: Partial<AuditEntry> = {}): AuditEntry {
  const by = { who: "token:ci", from: "127.0.0.1" };
  return { ...auditEntry(by, { what: "run.submit", object: `r${atMs}` }, atMs), ...set };
}

export function auditStoreContract(name: string, place: () => AuditStoreUnderTest): void {
  describe(`an audit store (${name})`, () => {
    let under: AuditStoreUnderTest;
    let store: Store & { readonly audit: AuditStore };

    beforeEach(async () => {
      under = place();
      store = await under.open();
    });
    afterEach(async () => {
      await store[Symbol.asyncDispose]();
      await under.wipe();
    });
    const add = (...entries: readonly AuditEntry[]) =>
      store.commit(entries.map((row) => ({ op: "audit", entry: row })));
    const objects = async (set: Partial<AuditQuery> = {}) =>
      (await store.audit.page({ ...ALL, ...set })).map(({ object }) => object);

    it("gives rows newest first, in pages, and has them after a restart", async () => {
      await add(entry(1), entry(2), entry(3));
      await store[Symbol.asyncDispose]();
      store = await under.open();
      const [newest, next] = await store.audit.page({ ...ALL, limit: 2 });
      expect(newest).toMatchObject(entry(3));
      expect(await objects({ before: next?.id ?? 0 })).toEqual(["r1"]);
    });

    it("writes a row with its change or not at all", async () => {
      const wrong = { op: "update-attempt", key: { run: 9, job: 0, attempt: 1 }, set: { ackedSeq: 3 } } as const;
      await expect(store.commit([{ op: "audit", entry: entry(1) }, wrong])).rejects.toThrow("changed 0 rows");
      expect(await objects()).toEqual([]);
    });

    it("finds rows by who, what and since when", async () => {
      await add(entry(1), entry(2, { who: "owner" }), entry(3, { what: "run.cancel" }), entry(4));
      expect(await objects({ who: "token:ci" })).toEqual(["r4", "r3", "r1"]);
      expect(await objects({ what: "run.cancel" })).toEqual(["r3"]);
      expect(await objects({ sinceMs: 3 })).toEqual(["r4", "r3"]);
      expect(await objects({ sinceMs: 3, who: "owner" })).toEqual([]);
    });

    it("removes what is old, the oldest first, so many at a time", async () => {
      await add(...[1, 2, 3, 4, 5].map((atMs) => entry(atMs)));
      expect(await store.audit.removeOld(4, 2)).toBe(2);
      expect(await objects()).toEqual(["r5", "r4", "r3"]);
      expect(await store.audit.removeOld(4, 2)).toBe(1);
      expect(await store.audit.removeOld(4, 2)).toBe(0);
    });

    it("keeps so many of what was done, however much was refused, and the other way round", async () => {
      const refused = [3, 4, 5].map((atMs) => entry(atMs, { outcome: "refused" }));
      await add(entry(1), entry(2), ...refused, entry(6, { outcome: "failed" }));
      expect(await store.audit.removeBeyond(1, "refused", 100)).toBe(2);
      expect(await objects()).toEqual(["r6", "r5", "r2", "r1"]);
      expect(await store.audit.removeBeyond(2, "others", 100)).toBe(1);
      expect(await objects()).toEqual(["r6", "r5", "r2"]);
      expect(await store.audit.removeBeyond(2, "others", 100)).toBe(0);
    });

    it("never gives an id twice, also when the newest rows are gone", async () => {
      await add(entry(1));
      const [before] = await store.audit.page(ALL);
      await store.audit.removeOld(2, 10);
      await add(entry(3));
      const [after] = await store.audit.page(ALL);
      expect(after?.id).toBeGreaterThan(before?.id ?? Number.NaN);
    });
  });
}
