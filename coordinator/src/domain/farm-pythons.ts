import type { FarmPython } from "@kiln/matrix";
import type { FarmState } from "./farm-state.ts";

/**
 * Platforms and Pythons of the agents that are there, each once, in a fixed
 * order. Agents that were there before a restart count until they had time to
 * come back.
 */
export function farmPythons(farm: FarmState): readonly FarmPython[] {
  const found = new Map<string, FarmPython>();
  for (const { presence, row } of farm.agents.values()) {
    if (presence === "offline") continue;
    for (const { platform, feature } of row.inventory.pythons)
      found.set(`${platform} ${feature}`, { platform, feature });
  }
  return [...found.keys()].toSorted().flatMap((key) => found.get(key) ?? []);
}
