import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Inventory } from "../../ports/inventory.ts";
import { readMachine } from "./read-machine.ts";
import { readNvidia } from "./read-nvidia.ts";
import { readPythons } from "./read-pythons.ts";

/**
 * What this machine has, for the coordinator and for people. `agentFolder` is
 * the agent's home, made when missing: answers of interpreters are kept there.
 */
export async function readInventory(agentFolder: string, env: NodeJS.ProcessEnv = process.env): Promise<Inventory> {
  mkdirSync(agentFolder, { recursive: true, mode: 0o700 });
  const [machine, nvidia, pythons] = await Promise.all([
    readMachine(agentFolder),
    readNvidia(env),
    readPythons(env, join(agentFolder, "pythons.json")),
  ]);
  return { ...machine, ...nvidia, ...pythons, problems: [...pythons.problems, ...nvidia.problems] };
}
