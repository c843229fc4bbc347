import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { GOOD, NEW_STANDING, type AgentStanding, type Health } from "../domain/agent-standing.ts";
import { HEALTH_REPORTS_MAX, type AttemptRow, type JobRow, type RunRow } from "../domain/rows.ts";
import { agentRow, runRow } from "../domain/testing.ts";
import type { Store } from "./store.ts";

/** What every store must do. `open` opens the same place each time within one test; `wipe` empties it. */
export interface StoreUnderTest {
  open(): Promise<Store>;
  wipe(): Promise<void>;
}

function jobRow(run: number, job: number, set: Partial<JobRow> = {}): JobRow {
  return {
    run,
    job,
    kind: job % 2 === 0 ? "build" : "test",
    state: "ready",
    outcome: null,
    summary: "",
    attempts: 0,
    retriesLeft: 2,
    replaysLeft: 3,
    avoid: [],
    agentId: null,
    pythonVersion: "",
    readyAtMs: 10,
    startedAtMs: null,
    finishedAtMs: null,
    changedId: 0,
    reusedFrom: null,
    tests: null,
    ...set,
  };
}

function attemptRow(run: number, job: number, attempt: number, set: Partial<AttemptRow> = {}): AttemptRow {
  return {
    run,
    job,
    attempt,
    agentId: "a",
    devices: { host: "agent:a", gpus: [], exclusive: false },
    unhealthy: "",
    state: "assigned",
    outcome: null,
    summary: "",
    excerpt: "",
    pythonVersion: "",
    assignedAtMs: 20,
    startedAtMs: null,
    finishedAtMs: null,
    ackedSeq: 0,
    logBytes: 0,
    logBytesDropped: 0,
    steps: [],
    artifacts: [],
    reports: [],
    ...set,
  };
}

const insert = (run: number, jobs: readonly JobRow[], set: Partial<RunRow> = {}) =>
  ({ op: "insert-run", run: { ...runRow(run), ...set }, planJson: `{"plan":${run}}`, jobs, builds: [] }) as const;

export function storeContract(name: string, place: () => StoreUnderTest): void {
  describe(`a store (${name})`, () => {
    let under: StoreUnderTest;
    let store: Store;

    beforeEach(async () => {
      under = place();
      store = await under.open();
    });
    afterEach(async () => {
      await store[Symbol.asyncDispose]();
      await under.wipe();
    });

    const reopen = async (): Promise<void> => {
      await store[Symbol.asyncDispose]();
      store = await under.open();
    };

    it("gives back a run, its plan and its jobs exactly as they were inserted, also after reopening", async () => {
      const jobs = [jobRow(1, 0), jobRow(1, 1, { state: "blocked", readyAtMs: null, summary: "naïve ✓ \u0000" })];
      const set = { submissionId: "submission-1", reason: "because" };
      await store.commit([insert(1, jobs, set)]);
      await reopen();
      expect(await store.run(1)).toEqual({ ...runRow(1), ...set });
      expect(await store.planJson(1)).toBe('{"plan":1}');
      expect(await store.jobs(1)).toEqual(jobs);
      expect(await store.job(1, 1)).toEqual(jobs[1]);
      expect(await store.job(1, 2)).toBeNull();
      expect(await store.runBySubmission("submission-1")).toEqual({ ...runRow(1), ...set });
      expect(await store.runBySubmission("submission-2")).toBeNull();
    });

    it("keeps how agents and devices stand apart from what agents say of themselves", async () => {
      const quarantined = { name: "quarantined", reason: "kernel", sinceMs: 5 } as const;
      const standing: AgentStanding = {
        mode: { name: "draining", reason: "disk", sinceMs: 4 },
        windows: [{ id: 1, fromMs: 1, toMs: 2, weekly: true, aheadMs: 0, reason: "" }],
        health: quarantined,
        update: { version: "1.1.0", sinceMs: 3 },
        revoked: { atMs: 6, reason: "sold" },
      };
      const device = (uuid: string, health: Health) =>
        ({ op: "upsert-device", row: { host: "host:m", uuid, health } }) as const;
      await store.commit([
        { op: "upsert-standing", agentId: "a", standing: NEW_STANDING },
        { op: "upsert-standing", agentId: "a", standing },
        device("GPU-1", quarantined),
        device("GPU-2", quarantined),
        device("GPU-2", GOOD),
      ]);
      await reopen();
      await store.commit([
        { op: "upsert-agent", row: { ...agentRow("a", 1, []), labels: { rack: "a3" }, hostId: "m" } },
      ]);
      const { standings, devices, agents } = await store.loadActive();
      expect([...standings]).toEqual([["a", standing]]);
      expect(devices).toEqual([{ host: "host:m", uuid: "GPU-1", health: quarantined }]);
      expect(agents[0]).toMatchObject({ labels: { rack: "a3" }, hostId: "m", ephemeral: false });
    });

    it("keeps an agent's newest health reports, and no more than a hundred", async () => {
      const reports = Array.from({ length: HEALTH_REPORTS_MAX + 3 }, (_, index) => ({
        op: "insert-health-report" as const,
        row: {
          agentId: index === 0 ? "b" : "a",
          receivedAtMs: index,
          report: { moment: "schedule" as const, attempt: null, atMs: index, checks: [] },
        },
      }));
      await store.commit(reports);
      await reopen();
      const kept = await store.healthReports("a");
      expect(kept).toHaveLength(HEALTH_REPORTS_MAX);
      expect([kept[0]?.receivedAtMs, kept.at(-1)?.receivedAtMs]).toEqual([HEALTH_REPORTS_MAX + 2, 3]);
      expect(await store.healthReports("b")).toHaveLength(1);
    });

    it("has nothing of what it was never given", async () => {
      expect(await store.run(7)).toBeNull();
      expect(await store.planJson(7)).toBeNull();
      expect(await store.jobs(7)).toEqual([]);
      expect(await store.attempt({ run: 7, job: 0, attempt: 1 })).toBeNull();
      expect(await store.loadActive()).toEqual({
        ...{ runs: [], attempts: [], agents: [], lastRun: 0, lastChangedId: 0 },
        ...{ standings: new Map(), devices: [] },
      });
      expect(await store.healthReports("a")).toEqual([]);
    });

    it("commits all of a batch or nothing of it", async () => {
      const bad = { op: "update-job", row: jobRow(1, 9) } as const;
      await expect(store.commit([insert(1, [jobRow(1, 0)]), bad])).rejects.toThrow();
      expect(await store.run(1)).toBeNull();
      await store.commit([insert(1, [jobRow(1, 0)])]);
      expect(await store.run(1)).not.toBeNull();
    });

    it("refuses a second run with the same submission id", async () => {
      await store.commit([insert(1, [], { submissionId: "submission-1" })]);
      await expect(store.commit([insert(2, [], { submissionId: "submission-1" })])).rejects.toThrow();
    });

    it("changes of an attempt only what it is told to, and never the outcome that was recorded first", async () => {
      const steps = [{ title: "build", logOffset: 0, exitCode: 0, durationMs: 5 }];
      const artifacts = [{ role: "wheel", blob: { sha256: "a".repeat(64), sizeBytes: 3, filename: "x.whl" } }];
      const key = { run: 1, job: 0, attempt: 1 };
      await store.commit([insert(1, [jobRow(1, 0)]), { op: "insert-attempt", row: attemptRow(1, 0, 1) }]);
      await store.commit([{ op: "update-attempt", key, set: { ackedSeq: 4, steps, logBytes: 9 } }]);
      await store.commit([{ op: "update-attempt", key, set: { state: "finished", outcome: "passed", artifacts } }]);
      const recorded = attemptRow(1, 0, 1, {
        state: "finished",
        outcome: "passed",
        ackedSeq: 4,
        steps,
        logBytes: 9,
        artifacts,
      });
      expect(await store.attempt(key)).toEqual(recorded);
      await expect(store.commit([{ op: "update-attempt", key, set: { outcome: "agent-lost" } }])).rejects.toThrow();
      expect(await store.attempts(1, 0)).toEqual([recorded]);
    });

    it("gives back what a job has taken from an earlier run, and the counts of its tests", async () => {
      const reusedFrom = { run: 1, job: 0, attempt: 2, name: "build-cp312" };
      const tests = { tests: 9, failed: 1, skipped: 2, flaky: 3 };
      const taken = jobRow(1, 0, { state: "finished", outcome: "passed", reusedFrom });
      await store.commit([insert(1, [taken, jobRow(1, 1)])]);
      await store.commit([{ op: "update-job", row: jobRow(1, 1, { tests }) }]);
      await reopen();
      expect(await store.jobs(1)).toEqual([taken, jobRow(1, 1, { tests })]);
    });

    it("finds the builds of a content key that were run and passed, newest first and at most four", async () => {
      const passed = { state: "finished", outcome: "passed", attempts: 2 } as const;
      const from = { run: 1, job: 0, attempt: 2, name: "build-0" };
      const wheel = (run: number) => ({ sha256: "a".repeat(64), sizeBytes: run, filename: "x.whl" });
      const made = (run: number, set: Partial<AttemptRow> = {}) => {
        const artifacts = [{ role: "wheel", blob: wheel(run) }];
        return {
          op: "insert-attempt",
          row: attemptRow(run, 0, 2, { pythonVersion: "3.12.1", artifacts, ...set }),
        } as const;
      };
      const run = (number: number, row: Partial<JobRow>, name = "demo") => {
        const candidate = { ...runRow(number).candidate, name };
        const builds = [{ job: 0, name: `build-${number}`, key: number === 7 ? "other" : "key" }];
        return { ...insert(number, [jobRow(number, 0, row)], { candidate }), builds };
      };
      await store.commit([
        ...[1, 2, 3, 4, 5].flatMap((number) => [run(number, passed), made(number)]),
        ...[run(6, { ...passed, outcome: "build-failed" }), made(6)],
        ...[run(7, passed), made(7)],
        ...[run(8, passed, "another"), made(8)],
        ...[run(9, { ...passed, attempts: 0, reusedFrom: from })],
        ...[run(10, passed), made(10, { artifacts: [] })],
      ]);
      await reopen();
      const found = async (keys: readonly string[], before: number | null) =>
        (await store.passedBuilds("demo", keys, before)).map(({ key, from: of }) => [key, of.run]);
      expect(await store.passedBuilds("demo", ["key"], 2)).toEqual([
        { key: "key", from: { run: 1, job: 0, attempt: 2, name: "build-1" }, wheel: wheel(1), pythonVersion: "3.12.1" },
      ]);
      expect(await found(["key", "other", "unknown"], 6)).toEqual([5, 4, 3, 2].map((number) => ["key", number]));
      expect(await found(["other"], null)).toEqual([["other", 7]]);
      expect(await found(["unknown"], null)).toEqual([]);
    });

    it("loads what is unfinished, with the attempts that hold a lease or made what others need", async () => {
      const finished = { state: "finished", outcome: "passed" } as const;
      await store.commit([
        insert(1, [jobRow(1, 0)], { state: "finished", changedId: 3 }),
        insert(2, [jobRow(2, 0, { ...finished, changedId: 8 }), jobRow(2, 1, { state: "running", agentId: "a" })], {
          state: "running",
          changedId: 5,
        }),
        { op: "insert-attempt", row: attemptRow(1, 0, 1) },
        insert(
          3,
          [jobRow(3, 0, { ...finished, reusedFrom: { run: 1, job: 0, attempt: 1, name: "b" } }), jobRow(3, 1)],
          { state: "running" },
        ),
        { op: "insert-attempt", row: attemptRow(2, 0, 1, finished) },
        { op: "insert-attempt", row: attemptRow(2, 1, 1, { state: "finished", outcome: "agent-lost" }) },
        { op: "insert-attempt", row: attemptRow(2, 1, 2, { state: "running", ackedSeq: 6 }) },
        { op: "upsert-agent", row: agentRow("a", 2, ["3.12"]) },
      ]);
      await reopen();
      const active = await store.loadActive();
      expect(active.runs.map(({ run, jobs }) => [run.run, jobs.length])).toEqual([
        [2, 2],
        [3, 2],
      ]);
      // The first is of a finished run: r3 has taken its wheel.
      expect(active.attempts.map(({ run, job, attempt }) => [run, job, attempt])).toEqual([
        [1, 0, 1],
        [2, 0, 1],
        [2, 1, 2],
      ]);
      expect(active).toMatchObject({ lastRun: 3, lastChangedId: 8, agents: [agentRow("a", 2, ["3.12"])] });
    });

    it("lists runs newest first, page by page", async () => {
      await store.commit([1, 2, 3, 4, 5].map((run) => insert(run, [])));
      expect((await store.runs(2, null)).map((row) => row.run)).toEqual([5, 4]);
      expect((await store.runs(2, 4)).map((row) => row.run)).toEqual([3, 2]);
      expect((await store.runs(9, 2)).map((row) => row.run)).toEqual([1]);
    });

    it("counts jobs by state and outcome for the runs it is asked about", async () => {
      const failed = { state: "finished", outcome: "tests-failed" } as const;
      await store.commit([
        insert(1, [jobRow(1, 0), jobRow(1, 1), jobRow(1, 2, failed)]),
        insert(2, [jobRow(2, 0)]),
        insert(3, [jobRow(3, 0)]),
      ]);
      const counts = await store.jobCounts([1, 3]);
      expect(counts).toHaveLength(3);
      expect(counts).toEqual(
        expect.arrayContaining([
          { run: 1, state: "ready", outcome: null, count: 2 },
          { run: 1, state: "finished", outcome: "tests-failed", count: 1 },
          { run: 3, state: "ready", outcome: null, count: 1 },
        ]),
      );
    });

    it("finds what changed after a given change, in order", async () => {
      await store.commit([
        insert(1, [jobRow(1, 0, { changedId: 5 }), jobRow(1, 1, { changedId: 3 }), jobRow(1, 2, { changedId: 9 })]),
      ]);
      expect((await store.changesAfter(1, 3))?.jobs.map((row) => row.job)).toEqual([0, 2]);
      expect(await store.changesAfter(1, 9)).toEqual({ run: runRow(1), jobs: [] });
      expect(await store.changesAfter(2, 0)).toBeNull();
    });

    it("replaces what it knew of an agent that registers again", async () => {
      await store.commit([{ op: "upsert-agent", row: agentRow("a", 2, ["3.12"]) }]);
      const again = { ...agentRow("a", 4, ["3.13"]), sessionId: "s2" };
      await store.commit([{ op: "upsert-agent", row: again }]);
      expect(await store.agents()).toEqual([again]);
    });

    it("knows how long passed jobs of a project took, and nothing of projects without history", async () => {
      const passed = { state: "finished", outcome: "passed" } as const;
      await store.commit([
        insert(1, [
          jobRow(1, 0, { ...passed, startedAtMs: 0, finishedAtMs: 100 }),
          jobRow(1, 2, { ...passed, startedAtMs: 0, finishedAtMs: 300 }),
          jobRow(1, 3, { state: "finished", outcome: "tests-failed", startedAtMs: 0, finishedAtMs: 9 }),
        ]),
      ]);
      expect(await store.meanDurationsMs("demo")).toEqual({ build: 200 });
      expect(await store.meanDurationsMs("other")).toEqual({});
    });

    it("survives being closed twice", async () => {
      await store[Symbol.asyncDispose]();
      await store[Symbol.asyncDispose]();
      store = await under.open();
      expect(await store.run(1)).toBeNull();
    });
  });
}
