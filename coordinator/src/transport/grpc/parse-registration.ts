import { isAgentId, JOB_KINDS, type agent as wire } from "@kiln/proto";
import type { AgentRow } from "../../domain/rows.ts";
import { BadMessageError } from "./bad-message.ts";

const PYTHONS_MAX = 200;
const GPUS_MAX = 64;
const TOOLKITS_MAX = 100;
const SLOTS_MAX = 1_000;

/** Throws BadMessageError with what is wrong. */
export function parseRegistration(request: wire.RegisterRequest): Omit<AgentRow, "registeredAtMs"> {
  const { agentId, sessionId, name, version, slots, executors, kinds, installsTorch, inventory } = request;
  if (!isAgentId(agentId)) throw new BadMessageError("agent_id must be 1 to 63 lower-case letters, digits and dashes");
  if (sessionId === "") throw new BadMessageError("session_id is empty");
  if (slots < 1 || slots > SLOTS_MAX) throw new BadMessageError(`slots must be 1 to ${SLOTS_MAX}`);
  if (!inventory) throw new BadMessageError("inventory is missing");
  if (inventory.pythons.length > PYTHONS_MAX) throw new BadMessageError(`more than ${PYTHONS_MAX} Pythons`);
  if (inventory.gpus.length > GPUS_MAX) throw new BadMessageError(`more than ${GPUS_MAX} GPUs`);
  if (inventory.cudaToolkits.length > TOOLKITS_MAX)
    throw new BadMessageError(`more than ${TOOLKITS_MAX} CUDA toolkits`);
  return {
    agentId,
    sessionId,
    name: name.slice(0, 200) || agentId,
    version,
    slots,
    executors: [...executors],
    kinds: JOB_KINDS.filter((kind) => kinds.includes(kind)),
    installsTorch,
    inventory: {
      os: inventory.os,
      arch: inventory.arch,
      osTitle: inventory.osTitle,
      libc: inventory.libc,
      kernel: inventory.kernel,
      cpuModel: inventory.cpuModel,
      cpuCores: inventory.cpuCores,
      memoryBytes: Number(inventory.memoryBytes),
      diskFreeBytes: Number(inventory.diskFreeBytes),
      pythons: inventory.pythons.map(({ feature, version: exact, path, foundBy, platform }) => ({
        feature,
        version: exact,
        path,
        foundBy,
        platform,
      })),
      osRelease: inventory.osRelease,
      gpus: inventory.gpus.map(({ uuid, model, computeCapability, memoryBytes, driver }) => ({
        uuid,
        model,
        computeCapability,
        memoryBytes: Number(memoryBytes),
        driver,
      })),
      cudaToolkits: inventory.cudaToolkits.map(({ version: exact, path }) => ({ version: exact, path })),
      problems: inventory.problems.map(({ subject, message }) => ({ subject, message })),
    },
  };
}
