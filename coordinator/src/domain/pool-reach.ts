import type { FarmState, PoolReach } from "./farm-state.ts";
import type { LiveAgent } from "./live-agent.ts";
import { usableDevices } from "./devices.ts";
import type { Pool } from "./live-job.ts";

const REACHES_MAX = 10_000;

/** True for an agent that may get something, as far as operators and its health are concerned. */
export function isInUse({ mode, standing }: LiveAgent): boolean {
  return mode.name === "active" && standing.health.name !== "quarantined";
}

/** Who could run a pool's jobs: agents in use that are not offline, busy or not. Kept until something about agents changes. */
export function reachOf(farm: FarmState, pool: Pool): PoolReach {
  const { capacity } = farm;
  if (capacity.revision !== farm.agentsRevision) {
    capacity.revision = farm.agentsRevision;
    capacity.reaches.clear();
    capacity.slots = 0;
    for (const agent of farm.agents.values()) if (isThere(agent)) capacity.slots += agent.row.slots;
  }
  const known = capacity.reaches.get(pool.key);
  if (known) return known;
  const agents = new Set(agentsFor(farm, pool));
  const able = [...agents].reduce((sum, { row }) => sum + row.slots, 0);
  const hosts = new Set([...agents].map(({ host }) => host));
  const reach = {
    agents,
    hosts,
    slots: able,
    scarcity: scarcityOf(able, capacity.slots),
    rivals: new Map<string, boolean>(),
  };
  if (capacity.reaches.size >= REACHES_MAX) capacity.reaches.clear();
  capacity.reaches.set(pool.key, reach);
  return reach;
}

/** Whether jobs of `other` need these agents as much as those whose reach this is. */
export function isRival(farm: FarmState, reach: PoolReach, other: Pool): boolean {
  const known = reach.rivals.get(other.key);
  if (known !== undefined) return known;
  const { agents, scarcity } = reachOf(farm, other);
  const rival = scarcity >= reach.scarcity && [...agents].some((agent) => reach.agents.has(agent));
  reach.rivals.set(other.key, rival);
  return rival;
}

function isThere(agent: LiveAgent): boolean {
  return agent.presence !== "offline" && isInUse(agent);
}

/** Those on which a job of the pool was lost only when there are no others. */
function agentsFor(farm: FarmState, pool: Pool): readonly LiveAgent[] {
  const all = [...farm.agents.values()].filter((agent) => {
    if (!isThere(agent)) return false;
    const devices = usableDevices(agent, pool);
    return devices !== null && devices.length >= pool.gpus;
  });
  if (pool.avoid.length === 0) return all;
  const others = all.filter(({ row }) => !pool.avoid.includes(row.agentId));
  return others.length > 0 ? others : all;
}

/**
 * How little of the farm can run the pool's jobs: 0 for half of the slots or
 * more, 1 for a quarter, 2 for an eighth … Steps that wide leave jobs of about
 * equal chances to fairness.
 */
function scarcityOf(able: number, slots: number): number {
  return able === 0 ? 0 : Math.max(0, Math.ceil(Math.log2(slots / able)) - 1);
}
