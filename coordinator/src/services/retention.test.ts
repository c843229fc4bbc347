import { createHash } from "node:crypto";
import { join } from "node:path";
import { Readable } from "node:stream";
import { temporaryFolder } from "@kiln/testkit";
import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openDiskBlobStore } from "../adapters/disk/blob-store.ts";
import { openDiskLogStore } from "../adapters/disk/log-store.ts";
import { openSqliteStore, type SqliteStores } from "../adapters/sqlite/store.ts";
import { toJobRow } from "../domain/live-job.ts";
import { newLiveRun } from "../domain/live-run.ts";
import { bytesGone, type RetentionPolicy } from "../domain/retention.ts";
import type { RunRow } from "../domain/rows.ts";
import type { AgentSoftware } from "../domain/agent-update.ts";
import { auditEntry } from "../domain/audit.ts";
import { runRow, TESTER, twoStepPlan } from "../domain/testing.ts";
import { BLOB_GRACE_MS } from "../ports/blob-sweep.ts";
import type { LogStore } from "../ports/log-store.ts";
import type { RetentionStore } from "../ports/retention-store.ts";
import { Retention, type RetentionParts } from "./retention.ts";

const PINNED = auditEntry(TESTER, { what: "run.pin", object: "r1" }, 1);

const DAY_MS = 86_400_000;
const POLICY = { ageMaxMs: 90 * DAY_MS, newestRunsKept: 0 };

let stack: AsyncDisposableStack;
let nowMs: number;
let store: SqliteStores;
let blobs: Awaited<ReturnType<typeof openDiskBlobStore>>;
let logs: LogStore;
let removed: { blob: number; log: number };

beforeEach(async () => {
  stack = new AsyncDisposableStack();
  const folder = stack.use(temporaryFolder());
  // Files carry the system's time when they are written.
  nowMs = Date.now();
  store = stack.use(openSqliteStore(join(folder.path, "kiln.db")));
  blobs = await openDiskBlobStore(join(folder.path, "blobs"), { blobBytesMax: 1e6, nowMs: () => nowMs });
  logs = stack.use(await openDiskLogStore(join(folder.path, "logs")));
  removed = { blob: 0, log: 0 };
});
afterEach(() => stack.disposeAsync());

function retention(policy: RetentionPolicy = POLICY, parts: Partial<RetentionParts> = {}): Retention {
  const metrics = { removed: (what: "blob" | "log", bytes: number) => void (removed[what] += bytes), swept: () => {} };
  const log = pino({ level: "silent" });
  const common = { store: store.retention, blobs, logs, metrics, clock: { nowMs: () => nowMs }, log };
  return new Retention({ ...common, isActive: () => false, ...parts }, policy, 0);
}

async function putBlob(text: string): Promise<string> {
  const sha256 = createHash("sha256").update(text).digest("hex");
  await blobs.put(sha256, Readable.from([Buffer.from(text)]));
  return sha256;
}

/** A run of the project "demo" that ended now, with its own source and wheel, and a log of 5 bytes. */
async function endedRun(run: number, set: Partial<RunRow> = {}, wheel = `wheel ${run}`) {
  const source = { sha256: await putBlob(`source ${run}`), sizeBytes: 8, filename: "demo-1.0.tar.gz" };
  const made = { sha256: await putBlob(wheel), sizeBytes: 7, filename: "demo.whl" };
  const row: RunRow = { ...runRow(run), source, state: "finished", verdict: "fail", finishedAtMs: nowMs, ...set };
  const plan = twoStepPlan(["3.12"]);
  const [job] = newLiveRun(row, plan, nowMs).jobs;
  if (!job) throw new Error("the plan has no job");
  const key = { run, job: 0, attempt: 1 };
  await store.commit([
    {
      op: "insert-run",
      run: row,
      planJson: JSON.stringify(plan),
      builds: [],
      jobs: [{ ...toJobRow(run, job), outcome: "passed" }],
    },
    {
      op: "insert-attempt",
      row: {
        ...key,
        ...{ agentId: "a", state: "running", outcome: null, summary: "", excerpt: "", pythonVersion: "" },
        ...{ assignedAtMs: 0, startedAtMs: 0, finishedAtMs: null, ackedSeq: 0, logBytes: 0, logBytesDropped: 0 },
        ...{ steps: [], artifacts: [], reports: [], unhealthy: "" },
        devices: { host: "agent:a", gpus: [], exclusive: false },
      },
    },
    {
      op: "update-attempt",
      key,
      set: { artifacts: [{ role: "wheel", blob: made }], logBytes: 5, state: "finished", finishedAtMs: nowMs },
    },
  ]);
  await logs.write(key, 0, [Buffer.from("hello")]);
  return { key, source: source.sha256, wheel: made.sha256 };
}

const isKept = async (sha256: string): Promise<boolean> =>
  (await blobs.list(Number.parseInt(sha256.slice(0, 2), 16))).some((blob) => blob.sha256 === sha256);

describe("old runs", () => {
  it("lose their blobs and logs, and what is known of them stays", async () => {
    const old = await endedRun(1);
    nowMs += 91 * DAY_MS;
    const young = await endedRun(2);
    await retention().sweep();
    expect([await isKept(old.source), await isKept(old.wheel), await logs.size(old.key)]).toEqual([false, false, 0]);
    expect([await isKept(young.source), await isKept(young.wheel), await logs.size(young.key)]).toEqual([
      true,
      true,
      5,
    ]);
    const row = await store.run(1);
    expect(row && bytesGone(row)).toEqual({ atMs: nowMs, rule: expect.stringContaining("90 days") as string });
    expect(await store.attempt(old.key)).toMatchObject({ logBytes: 5, artifacts: [{ role: "wheel" }] });
    expect(await retention().removedBlob(old.wheel)).toMatchObject({ sizeBytes: 7, removedAtMs: nowMs });
    expect(removed).toEqual({ blob: 15, log: 5 });
    expect(blobs.usage()).toEqual({ blobs: 2, bytes: 15 });
  });

  it("keep theirs when they are pinned, until they are not", async () => {
    const { wheel } = await endedRun(1);
    nowMs += 91 * DAY_MS;
    const kept = retention();
    expect(await kept.pin(1, PINNED)).toBe("done");
    await kept.sweep();
    expect(await isKept(wheel)).toBe(true);
    expect(await kept.unpin(1, PINNED)).toBe("done");
    await kept.sweep();
    expect(await isKept(wheel)).toBe(false);
    expect([await kept.pin(1, PINNED), await kept.pin(9, PINNED)]).toEqual(["bytes-gone", "no-such-run"]);
  });

  it("keep theirs when they are unfinished, among the newest, or the newest that passed", async () => {
    const passed = await endedRun(1, { verdict: "pass" });
    const earlier = await endedRun(2);
    const unfinished = await endedRun(3, { state: "running", finishedAtMs: null });
    const newest = await endedRun(4);
    nowMs += 1_000 * DAY_MS;
    await retention({ ...POLICY, newestRunsKept: 1 }).sweep();
    const kept = await Promise.all([passed, earlier, unfinished, newest].map(({ wheel }) => isKept(wheel)));
    expect(kept).toEqual([true, false, true, true]);
  });

  it("keep theirs for ever when that is asked", async () => {
    const { wheel } = await endedRun(1);
    const unused = await putBlob("of no run");
    nowMs += 10_000 * DAY_MS;
    await retention({ ageMaxMs: null, newestRunsKept: 0 }).sweep();
    expect([await isKept(wheel), await isKept(unused)]).toEqual([true, true]);
  });

  it("share what a kept run uses, too", async () => {
    const old = await endedRun(1, {}, "the same wheel");
    nowMs += 91 * DAY_MS;
    await endedRun(2, {}, "the same wheel");
    nowMs += 2 * BLOB_GRACE_MS;
    await retention().sweep();
    expect([await isKept(old.source), await isKept(old.wheel)]).toEqual([false, true]);
  });

  it("keep the wheel and the log of a job whose result a kept run has taken", async () => {
    const old = await endedRun(1);
    nowMs += 91 * DAY_MS;
    await endedRun(2);
    const [job] = await store.jobs(2);
    if (!job) throw new Error("the run has no job");
    await store.commit([{ op: "update-job", row: { ...job, reusedFrom: { ...old.key, name: "build" } } }]);
    nowMs += 2 * BLOB_GRACE_MS;
    await retention().sweep();
    expect([await isKept(old.source), await isKept(old.wheel), await logs.size(old.key)]).toEqual([false, true, 5]);
  });

  it("that are many go in several turns", async () => {
    for (let run = 1; run <= 60; run++) await endedRun(run);
    nowMs += 91 * DAY_MS;
    await retention({ ...POLICY, newestRunsKept: 5 }).sweep();
    expect(removed.log).toBe(55 * 5);
  });
});

describe("a bundle of the agent's software", () => {
  const software = (sha256: string, failedBecause: string | null = null): AgentSoftware => ({
    ...{ agentId: "a", takesUpdates: true, runningSha256: "" },
    offered: { ...{ offer: 1, version: "1.1.0", sha256, sizeBytes: 6 }, offeredAtMs: 0, failedBecause },
  });
  const entry = auditEntry(TESTER, { what: "agent.update", object: "a" }, 1);

  beforeEach(async () => {
    const times = { createdAtMs: 0, expiresAtMs: 10 ** 15 };
    const token = { id: "jt", digest: "d", role: "worker", labels: {}, uses: 1, usesLeft: 1, ...times } as const;
    await store.identities.insertJoinToken(token, entry);
    const agent = { agentId: "a", name: "a", role: "worker", labels: {}, tokenId: "jt", keys: "" } as const;
    const certificate = { serial: "1", agentId: "a", natsPublicKey: "U", issuedAtMs: 0, notAfterMs: 10 ** 15 };
    const enrolled = { ...agent, enrolledAtMs: 0, revokedAtMs: null, revokedFor: "" };
    await store.identities.enrol("d", enrolled, certificate, entry);
  });

  it("stays while an agent is offered it, also one that no run used, or whose run is given up", async () => {
    const uploaded = await putBlob("bundle");
    const { wheel } = await endedRun(1);
    nowMs += 1_000 * DAY_MS;
    await store.updates.put(software(uploaded), entry);
    await store.updates.put({ ...software(wheel), agentId: "b" }, entry);
    await retention().sweep();
    // "b" is no agent of the farm.
    expect([await isKept(uploaded), await isKept(wheel)]).toEqual([true, false]);
    await store.updates.put({ ...software(uploaded), runningSha256: uploaded }, null);
    await retention().sweep();
    expect(await isKept(uploaded)).toBe(true);
  });

  it.each([
    ["is offered another", (sha256: string) => store.updates.put(software(sha256.replaceAll(/./g, "0")), entry)],
    ["has failed with it", (sha256: string) => store.updates.put(software(sha256, "it does not start"), null)],
    ["is revoked", () => store.identities.revoke("a", "", 1, entry)],
  ])("goes like any other once its agent %s", async (_what, change) => {
    const bundle = await putBlob("bundle");
    await store.updates.put(software(bundle), entry);
    nowMs += 1_000 * DAY_MS;
    await retention().sweep();
    expect(await isKept(bundle)).toBe(true);
    await change(bundle);
    await retention().sweep();
    expect(await isKept(bundle)).toBe(false);
  });
});

describe("a sweep", () => {
  it("leaves a blob alone that somebody asks for while it is looked at", async () => {
    const { wheel } = await endedRun(1);
    nowMs += 91 * DAY_MS;
    const asking: RetentionStore = Object.assign(Object.create(store.retention) as RetentionStore, {
      noteRemoved: async (blob: Parameters<RetentionStore["noteRemoved"]>[0]) => {
        await store.retention.noteRemoved(blob);
        await blobs.size(blob.sha256);
      },
      blobUse: (sha256: string) => store.retention.blobUse(sha256),
      aged: (query: Parameters<RetentionStore["aged"]>[0]) => store.retention.aged(query),
      expire: (...args: Parameters<RetentionStore["expire"]>) => store.retention.expire(...args),
      logsToRemove: (limit: number) => store.retention.logsToRemove(limit),
      logsRemoved: (run: number) => store.retention.logsRemoved(run),
    });
    await retention(POLICY, { store: asking }).sweep();
    expect(await isKept(wheel)).toBe(true);
  });

  it("leaves an upload alone that no run uses yet, and removes it after a week", async () => {
    const upload = await putBlob("not submitted yet");
    nowMs += 6 * DAY_MS;
    await retention().sweep();
    expect(await isKept(upload)).toBe(true);
    nowMs += 2 * DAY_MS;
    await retention().sweep();
    expect(await isKept(upload)).toBe(false);
    expect((await retention().removedBlob(upload))?.rule).toContain("no run used it");
  });

  it("leaves a run alone that the farm works on", async () => {
    const { wheel, key } = await endedRun(1);
    nowMs += 91 * DAY_MS;
    await retention(POLICY, { isActive: () => true }).sweep();
    expect([await isKept(wheel), await logs.size(key)]).toEqual([true, 5]);
  });

  it("that broke off is finished by the next one", async () => {
    const { wheel, key } = await endedRun(1);
    nowMs += 91 * DAY_MS;
    const broken = { removeRun: () => Promise.reject(new Error("the process ends here")) };
    await expect(retention(POLICY, { logs: broken }).sweep()).rejects.toThrow("ends here");
    expect([await isKept(wheel), await logs.size(key)]).toEqual([true, 5]);
    await retention().sweep();
    expect([await isKept(wheel), await logs.size(key)]).toEqual([false, 0]);
  });

  it("does not count a run that was tried again and ended anew as given up", async () => {
    const { wheel } = await endedRun(1);
    nowMs += 91 * DAY_MS;
    await store.retention.expire(1, nowMs, "a rule");
    nowMs += 1;
    const set = { verdict: null, reason: "", startedAtMs: null, changedId: 1 };
    await store.commit([{ op: "update-run", run: 1, set: { ...set, state: "finished", finishedAtMs: nowMs } }]);
    await retention().sweep();
    expect(await isKept(wheel)).toBe(true);
  });
});
