import type { JobRow } from "./rows.ts";

export interface RunCounts {
  readonly total: number;
  /** blocked or ready */
  readonly waiting: number;
  /** assigned, running or cancelling */
  readonly active: number;
  readonly passed: number;
  /** finished with any outcome but passed, cancelled and not-run */
  readonly failed: number;
  /** cancelled or not-run */
  readonly notRun: number;
}

export const NO_JOBS: RunCounts = { total: 0, waiting: 0, active: 0, passed: 0, failed: 0, notRun: 0 };

type Bucket = Exclude<keyof RunCounts, "total">;

function bucketOf(state: JobRow["state"], outcome: JobRow["outcome"]): Bucket {
  if (state === "blocked" || state === "ready") return "waiting";
  if (state !== "finished") return "active";
  if (outcome === "passed") return "passed";
  return outcome === "cancelled" || outcome === "not-run" ? "notRun" : "failed";
}

/** Sums counts by state and outcome into what people look at, by run. */
export function countJobs(
  rows: readonly (Pick<JobRow, "run" | "state" | "outcome"> & { readonly count: number })[],
): ReadonlyMap<number, RunCounts> {
  const counts = new Map<number, RunCounts>();
  for (const { run, state, outcome, count } of rows) {
    const sum = counts.get(run) ?? NO_JOBS;
    const bucket = bucketOf(state, outcome);
    counts.set(run, { ...sum, total: sum.total + count, [bucket]: sum[bucket] + count });
  }
  return counts;
}
