import { attemptId, type AttemptKey } from "./attempt-key.ts";
import type { AttemptProgress } from "./attempt-progress.ts";
import { isLive, type JobLife, type LiveJobState } from "./job-state.ts";
import type { ReadyQueue } from "./ready-queue.ts";
import type { AgentRow, Blob, JobRow, RunRow } from "./rows.ts";

/** What a job needs of an agent: `linux-x86_64|3.12`. Jobs of one pool can run on the same agents. */
export type Pool = string;

export function poolOf(platform: string, python: string): Pool {
  return `${platform}|${python}`;
}

/** The slim entry of a job of an unfinished run; its full spec stays in the store. */
export interface LiveJob {
  readonly index: number;
  readonly name: string;
  readonly kind: JobRow["kind"];
  readonly pool: Pool;
  readonly needs: readonly number[];
  readonly dependents: readonly number[];
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

export type AgentPresence =
  /** Heard of within a lease's length. */
  | "online"
  /** Known from before a restart of the coordinator, which has not waited for a lease's length yet. */
  | "expected"
  | "offline";

export interface LiveAgent {
  row: AgentRow;
  readonly pools: ReadonlySet<Pool>;
  /** Attempts that the agent holds. */
  busy: number;
  lastSeenMs: number;
  presence: AgentPresence;
  diskFreeBytes: number;
}

/** An attempt that holds its job's lease. */
export interface LiveAttempt {
  readonly key: AttemptKey;
  readonly agentId: string;
  readonly assignedAtMs: number;
  /** Past this the attempt is lost. Soft state: the fence is the recorded attempt number. */
  deadlineMs: number;
  /** When the assignment was last given to the transport. */
  publishedAtMs: number;
  progress: AttemptProgress;
}

/** Everything a leading coordinator holds in memory: a cache of what the store says is unfinished. */
export interface FarmState {
  readonly runs: Map<number, LiveRun>;
  readonly agents: Map<string, LiveAgent>;
  readonly attempts: Map<string, LiveAttempt>;
  readonly ready: ReadyQueue;
  lastRun: number;
  lastChangedId: number;
}

export function findAttempt(farm: FarmState, key: AttemptKey): LiveAttempt | undefined {
  return farm.attempts.get(attemptId(key));
}

export function findJob(farm: FarmState, key: { run: number; job: number }): { run: LiveRun; job: LiveJob } {
  const run = farm.runs.get(key.run);
  const job = run?.jobs[key.job];
  if (!run || !job) throw new Error(`r${key.run} has no live job ${key.job}`);
  return { run, job };
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
  };
}
