import { CliError } from "../program/cli-error.ts";
import { runChild } from "../program/run-child.ts";
import { PROGRAMS } from "../supervise/repository.ts";

/** A CPython of this machine, as the agent sees it. */
export interface LocalPython {
  readonly feature: string;
  readonly version: string;
  readonly path: string;
  readonly platform: string;
}

export interface LocalInventory {
  readonly pythons: readonly LocalPython[];
  /** What is there and cannot be used, with why. */
  readonly problems: readonly { readonly subject: string; readonly message: string }[];
}

const TIMEOUT_MS = 60_000;

/** Asks the agent's program, run once as a process of its own, what this machine has. */
export async function readInventory(env: NodeJS.ProcessEnv): Promise<LocalInventory> {
  const result = await runChild(process.execPath, [PROGRAMS.agent, "inventory"], { env, timeoutMs: TIMEOUT_MS });
  const last = result.stderr.trim().split("\n").slice(-8).join("\n");
  if (result.exitCode !== 0) throw new CliError(`The agent's inventory of this machine failed.\n${last}`);
  try {
    return parseInventory(JSON.parse(result.stdout.toString("utf8")));
  } catch (error) {
    throw new CliError("The agent's inventory of this machine is not what was expected.", { cause: error });
  }
}

/** Takes what the CLI needs out of the inventory's JSON. */
function parseInventory(value: unknown): LocalInventory {
  const inventory = value as {
    readonly pythons?: readonly LocalPython[];
    readonly problems?: LocalInventory["problems"];
  } | null;
  if (inventory?.pythons === undefined) throw new Error("the inventory has no list of Pythons");
  return {
    pythons: inventory.pythons
      .filter((python) => typeof python.feature === "string" && typeof python.platform === "string")
      .map(({ feature, version, path, platform }) => ({ feature, version, path, platform })),
    problems: inventory.problems ?? [],
  };
}
