import type { FarmState, LiveAgent } from "./farm-state.ts";
import { compareJobs, isFairer, type ReadyJob } from "./ready-queue.ts";

export interface Pick extends ReadyJob {
  readonly agent: LiveAgent;
}

/**
 * The next job to assign and the agent to give it to, or null when nothing can
 * be assigned. Reads the farm only. Called again after each pick is applied, so
 * every pick sees the slots and the fairness that the one before left.
 *
 * Agents with the most free slots are served first; among the pools that an
 * agent can serve, the run with the fewest running jobs.
 */
export function schedule(farm: FarmState): Pick | null {
  let choice: Pick | null = null;
  for (const agent of farm.agents.values()) {
    if (agent.presence !== "online" || agent.busy >= agent.row.slots) continue;
    if (choice && freeSlots(agent) <= freeSlots(choice.agent)) continue;
    const job = nextFor(farm, agent);
    if (job) choice = { ...job, agent };
  }
  return choice;
}

function freeSlots(agent: LiveAgent): number {
  return agent.row.slots - agent.busy;
}

function nextFor(farm: FarmState, agent: LiveAgent): ReadyJob | null {
  let best: ReadyJob | null = null;
  for (const pool of farm.ready.pools()) {
    if (!agent.able(pool)) continue;
    const candidate = farm.ready.next(pool);
    if (candidate && (!best || isBefore(candidate, best))) best = candidate;
  }
  return best;
}

function isBefore(a: ReadyJob, b: ReadyJob): boolean {
  if (a.run !== b.run) return isFairer(a.run, b.run);
  return compareJobs(a.job, b.job) < 0;
}
