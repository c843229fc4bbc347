import { attemptId, type AttemptKey } from "./attempt-key.ts";
import type { AttemptProgress } from "./attempt-progress.ts";
import type { LiveAgent } from "./live-agent.ts";
import type { LiveHost } from "./live-host.ts";
import type { LiveJob, LiveRun } from "./live-job.ts";
import { ReadyQueue } from "./ready-queue.ts";
import type { DevicesRow } from "./rows.ts";

/** An attempt that holds its job's lease. */
export interface LiveAttempt {
  readonly key: AttemptKey;
  readonly agentId: string;
  readonly devices: DevicesRow;
  readonly assignedAtMs: number;
  /** Past this the attempt is lost. Soft state: the fence is the recorded attempt number. */
  deadlineMs: number;
  /** When the assignment was last given to the transport. */
  publishedAtMs: number;
  progress: AttemptProgress;
  /** The last frame of which a record was decided; it is durable with the next commit. */
  recordedSeq: number;
  /** Why what it reports does not count: a health check failed beside it. Empty: none did. */
  unhealthy: string;
  /** Why it is being taken back, not having begun; empty: it is not. Soft: asked again after a restart. */
  withdrawn: string;
}

/** Everything a leading coordinator holds in memory: a cache of what the store says is unfinished. */
export interface FarmState {
  readonly runs: Map<number, LiveRun>;
  readonly agents: Map<string, LiveAgent>;
  /** By their key, each made when something is first known of it. */
  readonly hosts: Map<string, LiveHost>;
  readonly attempts: Map<string, LiveAttempt>;
  readonly ready: ReadyQueue;
  /** Machines that are kept free. */
  readonly reserved: Set<LiveHost>;
  /** Attempts of each project that has some, all its runs together. */
  readonly projects: Map<string, number>;
  readonly limits: FarmLimits;
  /** Counts changes of which agents there are, what they have, how they stand and who is offline. */
  agentsRevision: number;
  /** What the scheduler has worked out for that revision. */
  readonly capacity: FarmCapacity;
  lastRun: number;
  lastChangedId: number;
}

/** What the farm's owner allows. */
export interface FarmLimits {
  /** Jobs of one run that run at a time. */
  readonly runJobsMax: number;
  /** Jobs of one project that run at a time. */
  readonly projectJobsMax: number;
}

export interface FarmCapacity {
  revision: number;
  slots: number;
  /** By the pool's key. */
  readonly reaches: Map<string, PoolReach>;
  /** Agents and entries of the queue that the scheduler has looked at: its work, counted. */
  looks: number;
}

/** Who can run a pool's jobs, busy or not. */
export interface PoolReach {
  readonly agents: ReadonlySet<LiveAgent>;
  readonly hosts: ReadonlySet<LiveHost>;
  /** Of those agents together. */
  readonly slots: number;
  /** How little of the farm that is. */
  readonly scarcity: number;
  /** Whether jobs of another pool, by its key, need these agents as much: none that more others could run. */
  readonly rivals: Map<string, boolean>;
}

export const NO_LIMITS: FarmLimits = {
  runJobsMax: Number.POSITIVE_INFINITY,
  projectJobsMax: Number.POSITIVE_INFINITY,
};

export function newFarm(limits: FarmLimits = NO_LIMITS): FarmState {
  return {
    runs: new Map(),
    agents: new Map(),
    hosts: new Map(),
    attempts: new Map(),
    ready: new ReadyQueue(),
    reserved: new Set(),
    projects: new Map(),
    limits,
    agentsRevision: 0,
    capacity: { revision: -1, slots: 0, reaches: new Map(), looks: 0 },
    lastRun: 0,
    lastChangedId: 0,
  };
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
