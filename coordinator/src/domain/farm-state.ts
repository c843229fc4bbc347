import { attemptId, type AttemptKey } from "./attempt-key.ts";
import type { AttemptProgress } from "./attempt-progress.ts";
import type { LiveJob, LiveRun, Pool } from "./live-job.ts";
import type { ReadyQueue } from "./ready-queue.ts";
import type { AgentRow } from "./rows.ts";

export type AgentPresence =
  /** Heard of within a lease's length. */
  | "online"
  /** Known from before a restart of the coordinator, which has not waited for a lease's length yet. */
  | "expected"
  | "offline";

export interface LiveAgent {
  row: AgentRow;
  /** Whether it has what the pool's jobs require; busy or not, online or not. */
  readonly able: (pool: Pool) => boolean;
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
  /** The last frame of which a record was decided; it is durable with the next commit. */
  recordedSeq: number;
}

/** Everything a leading coordinator holds in memory: a cache of what the store says is unfinished. */
export interface FarmState {
  readonly runs: Map<number, LiveRun>;
  readonly agents: Map<string, LiveAgent>;
  readonly attempts: Map<string, LiveAttempt>;
  readonly ready: ReadyQueue;
  /** Counts changes of which agents there are, what they have and who is offline. */
  agentsRevision: number;
  /** What the scheduler has worked out for that revision. */
  readonly capacity: FarmCapacity;
  lastRun: number;
  lastChangedId: number;
}

export interface FarmCapacity {
  revision: number;
  slots: number;
  /** By the pool's key. */
  readonly scarcities: Map<string, number>;
}

export function newCapacity(): FarmCapacity {
  return { revision: -1, slots: 0, scarcities: new Map() };
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
