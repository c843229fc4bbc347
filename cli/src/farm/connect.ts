import type { Context } from "../program/context.ts";
import { needFarmAddress } from "./address.ts";
import { FarmClient } from "./client.ts";

/** A client of the farm that this process is pointed at, whose requests end at Ctrl-C. */
export async function connectFarm(context: Context): Promise<FarmClient> {
  const waiting = (seconds: number): void =>
    context.out.note(`The farm takes no more requests for now: going on in ${seconds} s.`);
  return new FarmClient(await needFarmAddress(context.env), context.interrupted, waiting);
}
