import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { auditEntry } from "../domain/audit.ts";
import { newLiveRun } from "../domain/live-run.ts";
import { insertRun as insertRunOf } from "../domain/insert-run.ts";
import { ANY_VARIANT, type RefusedWheel, type StagedFile } from "../domain/staging/staged-file.ts";
import { runRow, TESTER, twoStepPlan } from "../domain/testing.ts";
import type { StagingStore } from "./staging-store.ts";
import type { Store } from "./store.ts";

/** What is opened: both stores on the same place, which `open` finds again within one test. */
export interface StagingStoreUnderTest {
  open(): Promise<Store & { readonly staging: StagingStore }>;
  wipe(): Promise<void>;
}

const FILES_MAX = 100;
const AUDIT = auditEntry(TESTER, { what: "index.yank", object: "r1" }, 1);

function stagedFile(set: Partial<StagedFile> = {}): StagedFile {
  return {
    run: 1,
    variant: ANY_VARIANT,
    filename: "demo-1.0-py3-none-any.whl",
    project: "demo",
    version: "1.0",
    sha256: "a".repeat(64),
    sizeBytes: 3,
    requiresPython: ">=3.9",
    metadataSha256: "b".repeat(64),
    job: null,
    stagedAtMs: 5,
    yanked: null,
    ...set,
  };
}

export function stagingStoreContract(name: string, place: () => StagingStoreUnderTest): void {
  describe(`a staging store (${name})`, () => {
    let under: StagingStoreUnderTest;
    let store: Store & { readonly staging: StagingStore };

    beforeEach(async () => {
      under = place();
      store = await under.open();
      await store.commit([insertRun(1), insertRun(2)]);
    });
    afterEach(async () => {
      await store[Symbol.asyncDispose]();
      await under.wipe();
    });
    const reopen = async (): Promise<void> => {
      await store[Symbol.asyncDispose]();
      store = await under.open();
    };

    it("gives back what was staged, by variant and name, also after reopening", async () => {
      const files = [
        stagedFile(),
        stagedFile({ filename: "demo-1.0.tar.gz", metadataSha256: null, requiresPython: null }),
        stagedFile({ variant: "cu118", job: 0, yanked: "" }),
      ];
      for (const file of files.toReversed()) {
        expect(await store.staging.stage(file, FILES_MAX, null)).toEqual({ ok: true, added: true });
      }
      await reopen();
      expect(await store.staging.files(1)).toEqual(files);
      expect(await store.staging.files(2)).toEqual([]);
    });

    it("takes the same bytes again as done, and never other bytes of the same name", async () => {
      await store.staging.stage(stagedFile(), FILES_MAX, null);
      const again = stagedFile({ stagedAtMs: 9, requiresPython: null, yanked: "late" });
      expect(await store.staging.stage(again, FILES_MAX, null)).toEqual({ ok: true, added: false });
      const other = stagedFile({ sha256: "c".repeat(64) });
      expect(await store.staging.stage(other, FILES_MAX, null)).toEqual({
        ok: false,
        reason: "other-bytes",
        sha256: "a".repeat(64),
      });
      expect(await store.staging.files(1)).toEqual([stagedFile()]);
      // Another index, another run: another file.
      expect(await store.staging.stage({ ...other, variant: "cpu" }, FILES_MAX, null)).toMatchObject({ ok: true });
      expect(await store.staging.stage({ ...other, run: 2 }, FILES_MAX, null)).toMatchObject({ ok: true });
    });

    it("refuses more files of a run than it is told to keep", async () => {
      await store.staging.stage(stagedFile(), 1, null);
      const second = stagedFile({ filename: "demo-1.0.tar.gz" });
      expect(await store.staging.stage(second, 1, null)).toEqual({ ok: false, reason: "too-many", limit: 1 });
      expect(await store.staging.stage(stagedFile(), 1, null)).toEqual({ ok: true, added: false });
    });

    it("takes no file of a run that is not there", async () => {
      await expect(store.staging.stage(stagedFile({ run: 9 }), FILES_MAX, null)).rejects.toThrow();
    });

    it("knows which wheels of passed builds nobody has staged or refused", async () => {
      await passBuild(store, 0, "a");
      await passBuild(store, 2, "b");
      await passBuild(store, 4, "c");
      const wheel = (job: number, digit: string) => ({
        job,
        filename: `demo-${job}.whl`,
        sha256: digit.repeat(64),
        sizeBytes: 3,
      });
      expect(await store.staging.unstaged(1)).toEqual([wheel(0, "a"), wheel(2, "b"), wheel(4, "c")]);
      await store.staging.stage(stagedFile({ job: 0 }), FILES_MAX, null);
      const refused: RefusedWheel = {
        run: 1,
        job: 2,
        filename: "demo-2.whl",
        sha256: "b".repeat(64),
        reason: "it lies",
        refusedAtMs: 8,
      };
      await store.staging.refuse(refused);
      await store.staging.refuse(refused);
      await reopen();
      expect(await store.staging.unstaged(1)).toEqual([wheel(4, "c")]);
      expect(await store.staging.refused(1)).toEqual([refused]);
      // A second build with the same bytes and name is staged by the first one's file.
      expect(await store.staging.stage(stagedFile({ job: 4 }), FILES_MAX, null)).toEqual({ ok: true, added: false });
      expect(await store.staging.unstaged(1)).toEqual([]);
      expect(await store.staging.unstaged(2)).toEqual([]);
    });

    it("knows the wheels of builds that a run has taken from an earlier one, as its own", async () => {
      await passBuild(store, 0, "a");
      const row = await store.job(2, 0);
      if (!row) throw new Error("no job 0");
      const reusedFrom = { run: 1, job: 0, attempt: 2, name: "build-0" };
      await store.commit([{ op: "update-job", row: { ...row, state: "finished", outcome: "passed", reusedFrom } }]);
      const wheel = { job: 0, filename: "demo-0.whl", sha256: "a".repeat(64), sizeBytes: 3 };
      expect(await store.staging.unstaged(2)).toEqual([wheel]);
      await store.staging.stage(stagedFile({ run: 2, job: 0 }), FILES_MAX, null);
      expect(await store.staging.unstaged(2)).toEqual([]);
      expect(await store.staging.unstaged(1)).toEqual([wheel]);
    });

    it("yanks a file on one index or on all of its run, and takes that back", async () => {
      await store.staging.stage(stagedFile(), FILES_MAX, null);
      await store.staging.stage(stagedFile({ variant: "cpu" }), FILES_MAX, null);
      await store.staging.stage(stagedFile({ run: 2 }), FILES_MAX, null);
      const { filename } = stagedFile();
      const yanked = async () => (await store.staging.files(1)).map((file) => file.yanked);
      expect(await store.staging.setYanked(1, { filename, variant: null }, "broken", AUDIT)).toBe(2);
      expect(await yanked()).toEqual(["broken", "broken"]);
      expect(await store.staging.setYanked(1, { filename, variant: "cpu" }, null, AUDIT)).toBe(1);
      await reopen();
      expect(await yanked()).toEqual(["broken", null]);
      expect(await store.staging.files(2)).toEqual([stagedFile({ run: 2 })]);
      expect(await store.staging.setYanked(1, { filename: "other.whl", variant: null }, "x", AUDIT)).toBe(0);
    });
  });
}

const PLAN = twoStepPlan(["3.11", "3.12", "3.13"]);

function insertRun(run: number) {
  const live = newLiveRun(runRow(run), PLAN, 0);
  return insertRunOf(live, PLAN, JSON.stringify(PLAN));
}

/** Records that the build made `demo-<job>.whl` in its second attempt, the first one's being other bytes. */
async function passBuild(store: Store, job: number, digit: string): Promise<void> {
  const row = await store.job(1, job);
  if (!row) throw new Error(`no job ${job}`);
  const attempt = (number: number, sha: string) => ({
    ...{ run: 1, job, attempt: number, agentId: "a", state: "finished", outcome: "passed", summary: "", excerpt: "" },
    ...{ pythonVersion: "", assignedAtMs: 1, startedAtMs: 1, finishedAtMs: 2, ackedSeq: 1 },
    ...{ logBytes: 0, logBytesDropped: 0, steps: [], reports: [], unhealthy: "" },
    devices: { host: "agent:a", gpus: [], exclusive: false },
    artifacts: [
      { role: "report", blob: { sha256: "f".repeat(64), sizeBytes: 1, filename: "report.json" } },
      { role: "wheel", blob: { sha256: sha.repeat(64), sizeBytes: 3, filename: `demo-${job}.whl` } },
    ],
  });
  await store.commit([
    { op: "insert-attempt", row: attempt(1, "0") as never },
    { op: "insert-attempt", row: attempt(2, digit) as never },
    { op: "update-job", row: { ...row, state: "finished", outcome: "passed", attempts: 2 } },
  ]);
}
