import type { FarmState, LiveAgent } from "./farm-state.ts";
import type { Pool } from "./live-job.ts";

/** True when some registered agent, online or not, has what the pool asks for. */
export function isRunnableSomewhere(farm: FarmState, pool: Pool): boolean {
  for (const agent of farm.agents.values()) if (agent.pools.has(pool)) return true;
  return false;
}

/** One sentence on why a ready job of this pool is not running. */
export function explainWait(farm: FarmState, pool: Pool): string {
  const [platform = "", python = ""] = pool.split("|");
  const what = `CPython ${python} on ${platform}`;
  const agents = [...farm.agents.values()];
  const able = agents.filter((agent) => agent.pools.has(pool));
  if (able.length === 0) {
    return agents.length === 0 ? `no agent is registered; this job needs ${what}` : `no agent has ${what}`;
  }
  const online = able.filter((agent) => agent.presence === "online");
  if (online.length === 0) return `every agent that has ${what} is offline: ${names(able)}`;
  const slots = online.reduce((sum, agent) => sum + agent.row.slots, 0);
  const busy = online.reduce((sum, agent) => sum + agent.busy, 0);
  if (busy < slots) return "about to be assigned";
  return `waits for a slot: ${online.length === 1 ? "1 agent has" : `${online.length} agents have`} ${what}, ${
    slots === 1 ? "its slot is" : `all ${slots} slots are`
  } busy`;
}

function names(agents: readonly LiveAgent[]): string {
  return agents.map((agent) => agent.row.name).join(", ");
}
