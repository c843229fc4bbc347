import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Inventory } from "../../ports/inventory.ts";
import { readHostId } from "./read-host-id.ts";
import { osName, readMachine } from "./read-machine.ts";
import { readNvidia } from "./read-nvidia.ts";
import { readPythons } from "./read-pythons.ts";
import { readToolkits } from "./read-toolkits.ts";

const NO_HOST_ID = {
  subject: "/etc/machine-id",
  message:
    "there is no machine id, so another agent on this machine cannot be told to share its GPUs: " +
    "write one (`systemd-machine-id-setup`), or mount the host's into the container",
};

/**
 * What this machine has, for the coordinator and for people. `agentFolder` is
 * the agent's home, made when missing: answers of interpreters are kept there.
 */
export async function readInventory(agentFolder: string, env: NodeJS.ProcessEnv = process.env): Promise<Inventory> {
  mkdirSync(agentFolder, { recursive: true, mode: 0o700 });
  const [machine, nvidia, toolkits, pythons, hostId] = await Promise.all([
    readMachine(agentFolder),
    readNvidia(env, osName()),
    readToolkits(env),
    readPythons(env, join(agentFolder, "pythons.json")),
    readHostId(),
  ]);
  const problems = [...pythons.problems, ...nvidia.problems, ...toolkits.problems];
  if (hostId === "" && nvidia.gpus.length > 0) problems.push(NO_HOST_ID);
  return { ...machine, ...nvidia, ...toolkits, ...pythons, hostId, problems };
}
