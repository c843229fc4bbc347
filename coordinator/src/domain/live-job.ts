import { requirementText, type Requirement } from "@kiln/matrix";
import type { AttemptKey } from "./attempt-key.ts";
import { isLive, type JobLife, type LiveJobState } from "./job-state.ts";
import type { Blob, JobRow, ReusedFrom, RunRow, TestCounts } from "./rows.ts";

/** Jobs with the same requirement: they can run on the same agents. Jobs of one run share the object. */
export interface Pool {
  /** Equal for equal pools, in every run. */
  readonly key: string;
  /** Equal for equal requirements. */
  readonly needsKey: string;
  readonly requirement: Requirement;
  /** GPUs that each of its jobs has to itself. */
  readonly gpus: number;
  /** Whether each of its jobs has the machine to itself: what is measured must not be disturbed. */
  readonly host: boolean;
  /** Agents that go last, because its job was lost on them. */
  readonly avoid: readonly string[];
}

export function poolOf(requirement: Requirement): Pool {
  const { kind, gpu } = requirement;
  const key = requirementText(requirement);
  const host = kind === "bench" || kind === "profile";
  return { key, needsKey: key, requirement, gpus: gpu === null ? 0 : (gpu.count ?? 1), host, avoid: [] };
}

/** What metrics call a pool, `linux-x86_64`, `linux-x86_64 gpu`: few names, since each is a time series for ever. */
export function poolName({ requirement: { platform }, gpus }: Pool): string {
  return gpus === 0 ? platform : gpus === 1 ? `${platform} gpu` : `${platform} ${gpus} gpus`;
}

/** The pool of a job that was lost on these agents. */
export function avoiding(pool: Pool, agents: readonly string[]): Pool {
  if (agents.length === 0) return pool.avoid.length === 0 ? pool : poolOf(pool.requirement);
  const avoid = agents.toSorted();
  return { ...pool, key: `${pool.needsKey} but ${avoid.join(" ")}`, avoid };
}

/** The slim entry of a job of an unfinished run; its full spec stays in the store. */
export interface LiveJob {
  readonly index: number;
  readonly name: string;
  readonly kind: JobRow["kind"];
  pool: Pool;
  readonly needs: readonly number[];
  readonly dependents: readonly number[];
  /** Of a touchstone cell: goes before the others of its run. */
  readonly touchstone: boolean;
  /** Length of the longest chain of jobs that waits for this one; longer goes first. */
  readonly weight: number;
  life: JobLife;
  summary: string;
  agentId: string | null;
  /** Agents that an attempt at it was lost on, latest last. */
  avoid: readonly string[];
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
  /** How many of its jobs its spec lets run at a time. */
  readonly maxParallel: number;
  /** Its candidate's name as indexes compare names. */
  readonly project: string;
  /** Jobs that hold an agent's slot. */
  active: number;
  unfinished: number;
  /** Farm-wide number of the change by which its last job ended; 0 while some have not. A later one overtakes a judgement. */
  completedId: number;
}

/** The attempt that holds the job's lease, or null. */
export function liveAttemptOf(run: LiveRun, job: LiveJob): (LiveJobState & { readonly key: AttemptKey }) | null {
  const { state } = job.life;
  return isLive(state) ? { ...state, key: { run: run.row.run, job: job.index, attempt: state.attempt } } : null;
}

export function toJobRow(run: number, job: LiveJob): JobRow {
  const { state, attempts, retriesLeft, replaysLeft } = job.life;
  return {
    run,
    job: job.index,
    kind: job.kind,
    state: state.name,
    outcome: state.name === "finished" ? state.outcome : null,
    summary: job.summary,
    attempts,
    retriesLeft,
    replaysLeft,
    avoid: job.avoid,
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
