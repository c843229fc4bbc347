import type { FarmState } from "./farm-state.ts";

/** Platforms and Pythons of the agents that are online, each once, in a fixed order. */
export function farmPythons(farm: FarmState): readonly { readonly platform: string; readonly feature: string }[] {
  const pools = new Set<string>();
  for (const agent of farm.agents.values()) {
    if (agent.online) for (const pool of agent.pools) pools.add(pool);
  }
  return [...pools].toSorted().map((pool) => {
    const [platform = "", feature = ""] = pool.split("|");
    return { platform, feature };
  });
}
