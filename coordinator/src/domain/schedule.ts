import type { FarmState, PoolReach } from "./farm-state.ts";
import type { LiveAgent } from "./live-agent.ts";
import { usableDevices } from "./devices.ts";
import type { LiveHost } from "./live-host.ts";
import type { LiveRun, Pool } from "./live-job.ts";
import { isInUse, isRival, reachOf } from "./pool-reach.ts";
import { compareJobs, isFairer, type ReadyEntry, type ReadyJob } from "./ready-queue.ts";
import { limitOf } from "./run-limits.ts";

export type Decision = Assignment | KeepFree;

/** Give this job to that agent. */
export interface Assignment extends ReadyJob {
  readonly type: "assign";
  readonly agent: LiveAgent;
  /** UUIDs of the GPUs that it has to itself. */
  readonly gpus: readonly string[];
}

/** Begin nothing on this machine, or nothing with a GPU, until a job of the pool has had it. */
export interface KeepFree {
  readonly type: "keep-free";
  readonly host: LiveHost;
  readonly pool: Pool;
  readonly what: "host" | "gpus";
}

/** A lower priority gains one point on a higher one in this time without being served. */
export const AGING_MS = 60_000;
/** Jobs that nothing of was served for so long go before all others; twice as long before those. */
export const STARVING_MS = 10 * 60_000;
/** How long a job that needs a whole machine, or several GPUs, hopes for one to be idle before one is kept free for it. */
export const KEEP_FREE_AFTER_MS = 2 * 60_000;

/** How much it is an entry's turn: by whole periods of starving, then by priority with what waiting has added. */
interface Urgency {
  readonly starving: number;
  readonly level: number;
}

interface Candidate extends Assignment {
  readonly urgency: Urgency;
  readonly scarcity: number;
}

/**
 * The next thing to decide, or null when nothing can be. Reads the farm only
 * (but for what it keeps in `farm.capacity`). Called again after each decision
 * is applied, so every one sees what the one before left.
 *
 * Order: what starves; the higher priority, aged; what only a small part of the
 * farm can run, or it would wait while that part does what every other agent
 * could; the run with the fewest running jobs. A job that needs a whole machine
 * waits for one that is idle for a while; then one is kept free for it.
 */
export function schedule(farm: FarmState, nowMs: number): Decision | null {
  const free = [...farm.agents.values()].filter(isFree);
  farm.capacity.looks += farm.agents.size;
  if (free.length === 0) return null;
  const mayStart = (run: LiveRun): boolean => limitOf(farm, run) === null;
  const urgencyOf = urgencies(farm, nowMs);
  let choice: Candidate | null = null;
  let wish: { readonly entry: ReadyEntry; readonly urgency: Urgency; readonly reach: PoolReach } | null = null;
  for (const entry of farm.ready.entries()) {
    farm.capacity.looks += 1;
    const { pool } = entry;
    const urgency = urgencyOf(entry);
    const reach = reachOf(farm, pool);
    if (choice && isSurelyAfter(urgency, reach.scarcity + (pool.host ? 1 : 0), choice)) continue;
    // Mostly few agents are free and many runs wait: agents first.
    const found = bestAgent(farm, free, reach, pool);
    if (!found) {
      if (wish && compareUrgency(urgency, wish.urgency) >= 0) continue;
      if (isWorthKeeping(farm, entry, nowMs) && mayKeepFree(farm, reach) && farm.ready.next(entry, mayStart)) {
        wish = { entry, urgency, reach };
      }
      continue;
    }
    const ready = farm.ready.next(entry, mayStart);
    if (!ready) continue;
    // A machine of several slots that happens to be idle is rare: who needs all of it uses it best.
    const scarcity = reach.scarcity + (pool.host && found.agent.row.slots > 1 ? 1 : 0);
    const candidate = { type: "assign", ...ready, ...found, urgency, scarcity } as const;
    if (!choice || isBefore(candidate, choice)) choice = candidate;
  }
  // Before the slot that the machine has to keep is given away.
  if (wish && (!choice || compareUrgency(wish.urgency, choice.urgency) <= 0)) {
    const host = hostToKeepFree(farm, wish.reach, wish.entry.pool);
    if (host) return { type: "keep-free", host, pool: wish.entry.pool, what: wish.entry.pool.host ? "host" : "gpus" };
  }
  return choice;
}

function isFree(agent: LiveAgent): boolean {
  return freeSlots(agent) > 0 && agent.presence === "online" && agent.host.exclusive === null && isInUse(agent);
}

function freeSlots(agent: LiveAgent): number {
  return agent.row.slots - agent.busy;
}

type Found = Pick<Candidate, "agent" | "gpus">;

function bestAgent(farm: FarmState, free: readonly LiveAgent[], reach: PoolReach, pool: Pool): Found | null {
  let best: LiveAgent | null = null;
  let gpus: readonly string[] = [];
  // Whichever are fewer: the free agents, or those that can run it.
  const few = free.length <= reach.agents.size ? free : reach.agents;
  for (const agent of few) {
    farm.capacity.looks += 1;
    if (best && !isBetter(agent, best, pool)) continue;
    if (few === free ? !reach.agents.has(agent) : !isFree(agent)) continue;
    const devices = devicesFor(agent, pool);
    if (devices) [best, gpus] = [agent, devices];
  }
  return best && { agent: best, gpus };
}

/** The GPUs that a job of the pool would get on an agent now; null when its machine has no room for it. */
function devicesFor(agent: LiveAgent, pool: Pool): readonly string[] | null {
  const { host } = agent;
  const { reserved } = host;
  const isKept = reserved && reserved.pool.key !== pool.key && (reserved.what === "host" || pool.gpus > 0 || pool.host);
  if (isKept || (pool.host && host.busy > 0)) return null;
  if (pool.gpus === 0) return [];
  const free = usableDevices(agent, pool)?.filter((uuid) => !host.held.has(uuid)) ?? [];
  return free.length >= pool.gpus ? free.slice(0, pool.gpus) : null;
}

/** One without a GPU that it has no use for, a well one, the one with the most free slots. */
function isBetter(agent: LiveAgent, best: LiveAgent, { gpus }: Pool): boolean {
  const wastes = (a: LiveAgent): boolean => gpus === 0 && a.row.inventory.gpus.length > 0;
  if (wastes(agent) !== wastes(best)) return wastes(best);
  const suspect = (a: LiveAgent): boolean => a.standing.health.name === "suspect";
  if (suspect(agent) !== suspect(best)) return suspect(best);
  return freeSlots(agent) > freeSlots(best);
}

function urgencies(farm: FarmState, nowMs: number): (entry: ReadyEntry) => Urgency {
  const since = farm.ready.waitingSinceMs();
  const levels = new Map<number, number>();
  for (const [priority, sinceMs] of since) {
    // Mostly there is one priority, which has nobody to gain on.
    const gained = since.size > 1 ? Math.max(0, Math.floor((nowMs - sinceMs) / AGING_MS)) : 0;
    levels.set(priority, priority + gained);
  }
  return ({ priority, waitingSinceMs }) => ({
    starving: Math.max(0, Math.floor((nowMs - waitingSinceMs) / STARVING_MS)),
    level: levels.get(priority) ?? priority,
  });
}

/** Negative when `a` goes first. */
function compareUrgency(a: Urgency, b: Urgency): number {
  return b.starving - a.starving || b.level - a.level;
}

function isSurelyAfter(urgency: Urgency, scarcity: number, choice: Candidate): boolean {
  return (compareUrgency(urgency, choice.urgency) || choice.scarcity - scarcity) > 0;
}

function isBefore(a: Candidate, b: Candidate): boolean {
  const order = compareUrgency(a.urgency, b.urgency) || b.scarcity - a.scarcity;
  if (order !== 0) return order < 0;
  if (a.run !== b.run) return isFairer(a.run, b.run);
  return compareJobs(a.job, b.job) < 0;
}

/** True when jobs that need more than one free slot have hoped for it long enough. Never more machines than jobs. */
function isWorthKeeping(farm: FarmState, entry: ReadyEntry, nowMs: number): boolean {
  const { pool, size } = entry;
  if (!pool.host && pool.gpus <= 1) return false;
  const state = farm.ready.first(entry)?.life.state;
  if (state?.name !== "ready" || nowMs - state.sinceMs < KEEP_FREE_AFTER_MS) return false;
  let kept = 0;
  for (const { reserved } of farm.reserved) if (reserved?.pool.key === pool.key) kept += 1;
  return kept < size;
}

/**
 * Whether another machine may be kept free for jobs that need more than one free
 * slot: as large a part of the machines as these jobs are of the
 * work that waits for them, jobs that could as well run elsewhere left out; but
 * always one.
 */
function mayKeepFree(farm: FarmState, reach: PoolReach): boolean {
  let taken = 0;
  for (const host of reach.hosts) if (host.exclusive !== null || host.reserved) taken += 1;
  farm.capacity.looks += reach.hosts.size;
  let [alone, shared] = [0, 0];
  const perHost = reach.slots / Math.max(1, reach.hosts.size);
  for (const entry of farm.ready.entries()) {
    farm.capacity.looks += 1;
    if (!isRival(farm, reach, entry.pool)) continue;
    if (entry.pool.host) alone += entry.size * perHost;
    else if (entry.pool.gpus > 1) alone += entry.size * Math.min(entry.pool.gpus, perHost);
    else shared += entry.size;
  }
  const share = Math.max(1, Math.floor((reach.hosts.size * alone) / Math.max(1, alone + shared)));
  return taken < share;
}

/** The machine that will be free soonest, as far as can be told: the one with the fewest attempts. */
function hostToKeepFree(farm: FarmState, { agents }: PoolReach, pool: Pool): LiveHost | null {
  let best: LiveHost | null = null;
  for (const { host, presence } of agents) {
    farm.capacity.looks += 1;
    if (presence !== "online" || host.reserved) continue;
    if (!best || load(host, pool) < load(best, pool)) best = host;
  }
  return best;
}

function load(host: LiveHost, pool: Pool): number {
  return pool.host ? host.busy : host.held.size;
}
