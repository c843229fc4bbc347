import type { PlannedBench } from "@kiln/matrix";
import type { AgentRow, AttemptRow } from "../rows.ts";

const UNKNOWN = "a machine that is not known any more";

/**
 * What machines that measure alike have in common: the models of the GPUs that
 * the attempt had, else the processor and its number of cores.
 */
export function machineClass(
  { agentId, devices }: Pick<AttemptRow, "agentId" | "devices">,
  boundBy: PlannedBench["boundBy"],
  agents: readonly Pick<AgentRow, "agentId" | "inventory">[],
): string {
  const inventory = agents.find((one) => one.agentId === agentId)?.inventory;
  if (!inventory) return UNKNOWN;
  const held = new Set(devices.gpus);
  const models = inventory.gpus
    .filter(({ uuid, migSlices }) => held.has(uuid) || migSlices.some((slice) => held.has(slice.uuid)))
    .map(({ model }) => model);
  if (boundBy !== "host" && models.length > 0) return [...new Set(models)].sort().join(" + ");
  return `${inventory.cpuModel}, ${inventory.cpuCores} cores`;
}
