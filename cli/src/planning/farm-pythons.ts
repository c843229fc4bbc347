import type { FarmPython } from "@kiln/matrix";
import { findFarmAddress } from "../farm/address.ts";
import { FarmClient, isPassing } from "../farm/client.ts";
import type { Context } from "../program/context.ts";
import { readInventory } from "./inventory.ts";

export interface KnownPythons {
  readonly pythons: readonly FarmPython[];
  /** Who said so, for people. */
  readonly from: string;
}

/** What the farm's agents have; without a farm, what this machine has. */
export async function findPythons(context: Context): Promise<KnownPythons> {
  const address = await findFarmAddress(context.env);
  if (address !== null) {
    try {
      const { pythons } = await new FarmClient(address, context.interrupted).farm();
      return { pythons, from: `the agents of the farm at ${address.url}` };
    } catch (error) {
      // A farm.json that its farm left behind is as good as none; a farm that was named must answer.
      if (!isPassing(error) || address.from === "KILN_URL") throw error;
    }
  }
  const { pythons } = await readInventory(context.env);
  return {
    pythons: pythons.map(({ platform, feature }) => ({ platform, feature })),
    from: "this machine (no farm is running)",
  };
}
