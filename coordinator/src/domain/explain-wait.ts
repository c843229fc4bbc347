import { describeRequirement, KNOWLEDGE, nearestLack } from "@kiln/matrix";
import { abilitiesOf } from "./agent-abilities.ts";
import type { FarmState, LiveAgent } from "./farm-state.ts";
import type { Pool } from "./live-job.ts";

/** True when some registered agent, online or not, has what the pool asks for. */
export function isRunnableSomewhere(farm: FarmState, pool: Pool): boolean {
  for (const agent of farm.agents.values()) if (agent.able(pool)) return true;
  return false;
}

/** One sentence on why a ready job of this pool is not running. */
export function explainWait(farm: FarmState, pool: Pool): string {
  const what = inWords(describeRequirement(pool.requirement, KNOWLEDGE));
  const agents = [...farm.agents.values()];
  const able = agents.filter((agent) => agent.able(pool));
  if (able.length === 0) {
    if (agents.length === 0) return `no agent is registered; this job needs ${what}`;
    const capabilities = agents.map(({ row }) => abilitiesOf(row));
    return `no agent has ${inWords(nearestLack(pool.requirement, capabilities, KNOWLEDGE))}`;
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

/** "a", "a and b", "a, b and c". */
function inWords(things: readonly string[]): string {
  if (things.length <= 1) return things.join("");
  return `${things.slice(0, -1).join(", ")} and ${things.at(-1)}`;
}

function names(agents: readonly LiveAgent[]): string {
  return agents.map((agent) => agent.row.name).join(", ");
}
