import { applyJobEvent } from "./apply-job-event.ts";
import type { Effects } from "./effects.ts";
import type { FarmState } from "./farm-state.ts";
import type { LiveRun } from "./live-job.ts";
import { formatRunId } from "./run-id.ts";
import type { TakenResult } from "./taken-result.ts";

/**
 * Ends jobs of a run that was just submitted with results of earlier runs.
 * `results` is by position in the plan, in its order: a job comes after what it
 * needs. A run of which everything is taken is judged at once.
 */
export function takeResults(
  farm: FarmState,
  run: LiveRun,
  results: ReadonlyMap<number, TakenResult>,
  { nowMs, leaseTtlMs }: { readonly nowMs: number; readonly leaseTtlMs: number },
  effects: Effects,
): void {
  for (const [index, result] of results) {
    const job = run.jobs[index];
    if (!job) throw new Error(`r${run.row.run} has no job ${index}`);
    const summary = `taken from ${formatRunId(result.from.run)} ${result.from.name}`;
    applyJobEvent(farm, run, job, { type: "reuse", result }, { nowMs, leaseTtlMs, summary }, effects);
  }
}
