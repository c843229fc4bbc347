import type { FarmState } from "./farm-state.ts";

/**
 * Platforms and Pythons of the agents that are there, each once, in a fixed
 * order. Agents that were there before a restart count until they had time to
 * come back.
 */
export function farmPythons(farm: FarmState): readonly { readonly platform: string; readonly feature: string }[] {
  const pools = new Set<string>();
  for (const agent of farm.agents.values()) {
    if (agent.presence !== "offline") for (const pool of agent.pools) pools.add(pool);
  }
  return [...pools].toSorted().map((pool) => {
    const [platform = "", feature = ""] = pool.split("|");
    return { platform, feature };
  });
}
