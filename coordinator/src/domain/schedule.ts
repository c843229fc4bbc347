import type { FarmState, LiveAgent } from "./farm-state.ts";
import type { Pool } from "./live-job.ts";
import { compareJobs, isFairer, type ReadyJob } from "./ready-queue.ts";

export interface Pick extends ReadyJob {
  readonly agent: LiveAgent;
}

interface Candidate extends Pick {
  readonly scarcity: number;
}

/**
 * The next job to assign and the agent to give it to, or null when nothing can
 * be assigned. Reads the farm only. Called again after each pick is applied, so
 * every pick sees the slots and the fairness that the one before left.
 *
 * Jobs that only a small part of the farm can run go first, or they would wait
 * while that part does what every other agent could; among jobs of like
 * scarcity, those of the run with the fewest running jobs. Of the agents that
 * can run it, a job gets one without a GPU that it has no use for, and of
 * those the one with the most free slots.
 */
export function schedule(farm: FarmState): Pick | null {
  const free = [...farm.agents.values()].filter(isFree);
  if (free.length === 0) return null;
  let choice: Candidate | null = null;
  for (const pool of farm.ready.pools()) {
    const scarcity = scarcityOf(farm, pool);
    if (choice && scarcity < choice.scarcity) continue;
    // Mostly few agents are free and many runs wait: agents first.
    const agent = bestAgent(free, pool);
    const ready = agent && farm.ready.next(pool);
    if (ready && (!choice || isBefore(ready, scarcity, choice))) choice = { ...ready, agent, scarcity };
  }
  return choice;
}

function isFree(agent: LiveAgent): boolean {
  return agent.presence === "online" && freeSlots(agent) > 0;
}

function freeSlots(agent: LiveAgent): number {
  return agent.row.slots - agent.busy;
}

function bestAgent(free: readonly LiveAgent[], pool: Pool): LiveAgent | null {
  let best: LiveAgent | null = null;
  for (const agent of free) {
    if (best && !isBetter(agent, best, pool)) continue;
    if (agent.able(pool)) best = agent;
  }
  return best;
}

function isBetter(agent: LiveAgent, best: LiveAgent, { requirement }: Pool): boolean {
  const wastes = (a: LiveAgent): boolean => requirement.gpu === null && a.row.inventory.gpus.length > 0;
  if (wastes(agent) !== wastes(best)) return wastes(best);
  return freeSlots(agent) > freeSlots(best);
}

/**
 * How little of the farm can run the pool's jobs: 0 for half of the slots or
 * more, 1 for a quarter, 2 for an eighth … Steps that wide leave jobs of about
 * equal chances to fairness.
 */
function scarcityOf(farm: FarmState, pool: Pool): number {
  const { capacity } = farm;
  if (capacity.revision !== farm.agentsRevision) {
    capacity.revision = farm.agentsRevision;
    capacity.scarcities.clear();
    capacity.slots = 0;
    for (const { presence, row } of farm.agents.values()) if (presence !== "offline") capacity.slots += row.slots;
  }
  const known = capacity.scarcities.get(pool.key);
  if (known !== undefined) return known;
  let able = 0;
  for (const agent of farm.agents.values()) {
    if (agent.presence !== "offline" && agent.able(pool)) able += agent.row.slots;
  }
  const scarcity = able === 0 ? 0 : Math.max(0, Math.ceil(Math.log2(capacity.slots / able)) - 1);
  if (capacity.scarcities.size >= SCARCITIES_MAX) capacity.scarcities.clear();
  capacity.scarcities.set(pool.key, scarcity);
  return scarcity;
}

const SCARCITIES_MAX = 10_000;

function isBefore(a: ReadyJob, scarcity: number, b: Candidate): boolean {
  if (scarcity !== b.scarcity) return scarcity > b.scarcity;
  if (a.run !== b.run) return isFairer(a.run, b.run);
  return compareJobs(a.job, b.job) < 0;
}
