import { pino } from "pino";
import { describe, expect, it } from "vitest";
import type { AuditEntry } from "../domain/audit.ts";
import type { StoreOp } from "../domain/store-op.ts";
import { AuditLog } from "./audit-log.ts";

const CI = { who: "token:ci", from: "127.0.0.1" };
const NOBODY = { who: "nobody", from: "127.0.0.2" };
const REFUSED = { what: "access", object: "GET /api/v1/runs", outcome: "refused" } as const;

function opened(commit?: () => Promise<void>) {
  let nowMs = 1_000;
  const entries: AuditEntry[] = [];
  const limits: string[] = [];
  const removed: string[] = [];
  const add = async (ops: readonly StoreOp[]): Promise<void> => {
    await commit?.();
    for (const op of ops) if (op.op === "audit") entries.push(op.entry);
  };
  const store = {
    page: async () => [],
    removeOld: async (beforeMs: number) => (removed.push(`before ${beforeMs}`), 0),
    removeBeyond: async (keep: number, which: string) => (removed.push(`${which} beyond ${keep}`), 0),
  };
  const log = pino({ level: "silent" });
  const clock = { nowMs: () => nowMs };
  const metrics = { limitReached: (limit: string) => void limits.push(limit) };
  const audit = new AuditLog(
    { commits: { add }, store, clock, metrics, log },
    { ageMaxMs: 500, rowsMax: 7, refusedRowsMax: 3 },
  );
  return { audit, entries, limits, removed, advance: (byMs: number) => void (nowMs += byMs) };
}

describe("the audit log", () => {
  it("says who did what, when and from where", async () => {
    const { audit, entries } = opened();
    await audit.record(CI, { what: "run.cancel", object: "r3" });
    expect(entries).toEqual([{ ...CI, atMs: 1_000, what: "run.cancel", object: "r3", outcome: "done", detail: "" }]);
  });

  it("cuts what outsiders have a say in, and takes its control characters out", () => {
    const { audit } = opened();
    const entry = audit.entry({ who: "agent:\u001b[2Jx", from: "" }, { what: "access", object: "o".repeat(5_000) });
    expect(entry.who).toBe("agent: [2Jx");
    expect(entry.object).toHaveLength(300);
  });

  it("counts refusals like many before and says how many it left out", async () => {
    const { audit, entries, limits, advance } = opened();
    for (let i = 0; i < 25; i++) await audit.record(NOBODY, REFUSED);
    await audit.record({ ...NOBODY, from: "127.0.0.3" }, REFUSED);
    expect(entries.map(({ from }) => from)).toEqual([...Array<string>(10).fill("127.0.0.2"), "127.0.0.3"]);
    expect(limits).toEqual(Array<string>(15).fill("audit-refusals"));
    await audit.record(NOBODY, { ...REFUSED, way: "nats" });
    expect(entries).toHaveLength(12);
    advance(60_000);
    await audit.record(NOBODY, REFUSED);
    expect(entries.at(-1)?.detail).toBe("(15 more like it were not written down)");
    for (let i = 0; i < 25; i++) await audit.record(CI, { what: "run.cancel", object: "r3" });
    expect(entries.filter(({ what }) => what === "run.cancel")).toHaveLength(25);
  });

  it("holds a bounded number of rows that nobody waits for", async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const { audit, entries, limits } = opened(() => promise);
    for (let i = 0; i < 1_001; i++) audit.note(CI, { what: "secret.give", object: "TOKEN" });
    expect(limits).toEqual(["audit-notes"]);
    resolve();
    await audit.record(CI, { what: "run.cancel", object: "r3" });
    expect(entries).toHaveLength(1_001);
  });

  it("removes what is beyond its age and its numbers, refusals apart from the rest", async () => {
    const { audit, removed } = opened();
    await audit.sweep();
    expect(removed).toEqual(["before 500", "others beyond 7", "refused beyond 3"]);
  });
});
