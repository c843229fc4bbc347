import type { Plan } from "@kiln/matrix";
import type { FarmState } from "../domain/farm-state.ts";
import { rebuildFarm, type RebuildOptions } from "../domain/rebuild-farm.ts";
import type { Store } from "../ports/store.ts";
import type { PlanCache } from "./plan-cache.ts";

/** The farm as the store remembers it. */
export async function restoreFarm(store: Store, plans: PlanCache, options: RebuildOptions): Promise<FarmState> {
  const active = await store.loadActive();
  const byRun = new Map<number, Plan>();
  for (const { run } of active.runs) byRun.set(run.run, await plans.get(run.run));
  const planOf = (run: number): Plan => {
    const plan = byRun.get(run);
    if (!plan) throw new Error(`the plan of r${run} was not loaded`);
    return plan;
  };
  return rebuildFarm(active, planOf, options);
}
