import type { Plan } from "@kiln/matrix";
import { toJobRow, type LiveRun } from "./live-job.ts";
import type { StoreOp } from "./store-op.ts";

/** Records a run as it stands in memory, with the plan that it was made from. */
export function insertRun(run: LiveRun, plan: Plan, planJson: string): StoreOp & { readonly op: "insert-run" } {
  return {
    op: "insert-run",
    run: run.row,
    planJson,
    jobs: run.jobs.map((job) => toJobRow(run.row.run, job)),
    builds: plan.jobs.flatMap(({ kind, name, key }, job) => (kind === "build" ? [{ job, name, key }] : [])),
  };
}
