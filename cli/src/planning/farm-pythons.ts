import type { FarmPython } from "@kiln/matrix";
import { findFarmAddress } from "../farm/address.ts";
import { FarmClient, isPassing } from "../farm/client.ts";
import { FarmRefusal } from "../farm/problem.ts";
import type { Context } from "../program/context.ts";
import { readInventory } from "./inventory.ts";
import type { FarmFacts } from "./outlook.ts";

export interface KnownPythons {
  readonly pythons: readonly FarmPython[];
  /** Who said so, for people. */
  readonly from: string;
  /** null: no farm is running. */
  readonly farm: FarmFacts | null;
}

/** What the farm's agents have, and what it knows of the project; without a farm, what this machine has. */
export async function findPythons(context: Context, project: string): Promise<KnownPythons> {
  const address = await findFarmAddress(context.env);
  if (address !== null) {
    const client = new FarmClient(address, context.interrupted);
    try {
      const [{ pythons }, agents, earlier] = await Promise.all([
        client.farm(),
        client.agents(),
        earlierRuns(client, project),
      ]);
      return { pythons, from: `the agents of the farm at ${address.url}`, farm: { agents, earlier } };
    } catch (error) {
      // A farm.json that its farm left behind is as good as none; a farm that was named must answer.
      if (!isPassing(error) || address.from === "KILN_URL") throw error;
    }
  }
  const { pythons } = await readInventory(context.env);
  return {
    pythons: pythons.map(({ platform, feature }) => ({ platform, feature })),
    from: "this machine (no farm is running)",
    farm: null,
  };
}

/** null when the farm is of a version that does not tell. */
async function earlierRuns(client: FarmClient, project: string): Promise<FarmFacts["earlier"]> {
  try {
    return await client.project(project);
  } catch (error) {
    if (error instanceof FarmRefusal && error.status === 404) return null;
    throw error;
  }
}
