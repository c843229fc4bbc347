import type { Requirement } from "@kiln/matrix";
import type { AttemptKey } from "./attempt-key.ts";
import { isLive, type JobLife, type LiveJobState } from "./job-state.ts";
import type { Blob, JobRow, ReusedFrom, RunRow, TestCounts } from "./rows.ts";

/** Jobs with the same requirement: they can run on the same agents. Jobs of one run share the object. */
export interface Pool {
  /** Equal for equal requirements, in every run. */
  readonly key: string;
  readonly requirement: Requirement;
}

export function poolOf(requirement: Requirement): Pool {
  const { kind, platform, os, python, torch, cudaToolkit, gpu, container } = requirement;
  const ofGpu = gpu && [gpu.computeCapability, gpu.model, gpu.cuda, gpu.driver];
  return { key: JSON.stringify([kind, platform, os, python, torch, cudaToolkit, ofGpu, container]), requirement };
}

/** The slim entry of a job of an unfinished run; its full spec stays in the store. */
export interface LiveJob {
  readonly index: number;
  readonly name: string;
  readonly kind: JobRow["kind"];
  readonly pool: Pool;
  readonly needs: readonly number[];
  readonly dependents: readonly number[];
  /** Of a touchstone cell: goes before the others of its run. */
  readonly touchstone: boolean;
  /** Length of the longest chain of jobs that waits for this one; longer goes first. */
  readonly weight: number;
  life: JobLife;
  summary: string;
  agentId: string | null;
  pythonVersion: string;
  readyAtMs: number | null;
  startedAtMs: number | null;
  finishedAtMs: number | null;
  changedId: number;
  /** The wheel that a passed build made. */
  wheel: Blob | null;
  reusedFrom: ReusedFrom | null;
  tests: TestCounts | null;
}

export interface LiveRun {
  row: RunRow;
  readonly jobs: readonly LiveJob[];
  /** What a person's retry grants each job anew. */
  readonly retryBudget: number;
  /** Jobs that hold an agent's slot. */
  active: number;
  unfinished: number;
}

/** The attempt that holds the job's lease, or null. */
export function liveAttemptOf(run: LiveRun, job: LiveJob): (LiveJobState & { readonly key: AttemptKey }) | null {
  const { state } = job.life;
  return isLive(state) ? { ...state, key: { run: run.row.run, job: job.index, attempt: state.attempt } } : null;
}

export function toJobRow(run: number, job: LiveJob): JobRow {
  const { state, attempts, retriesLeft } = job.life;
  return {
    run,
    job: job.index,
    kind: job.kind,
    state: state.name,
    outcome: state.name === "finished" ? state.outcome : null,
    summary: job.summary,
    attempts,
    retriesLeft,
    agentId: job.agentId,
    pythonVersion: job.pythonVersion,
    readyAtMs: job.readyAtMs,
    startedAtMs: job.startedAtMs,
    finishedAtMs: job.finishedAtMs,
    changedId: job.changedId,
    reusedFrom: job.reusedFrom,
    tests: job.tests,
  };
}
