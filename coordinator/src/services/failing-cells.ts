import type { Outcome } from "../domain/outcome.ts";
import type { Store } from "../ports/store.ts";
import type { PlanCache } from "./plan-cache.ts";

/** Outcomes that say nothing of the candidate. */
const NO_ANSWER: ReadonlySet<Outcome> = new Set(["passed", "infrastructure", "agent-lost", "cancelled", "not-run"]);

/**
 * Cells of which a job failed in the project's newest finished run, sorted: a
 * reduced matrix keeps them. A build that failed counts for every cell that it
 * serves. Empty for a project without a finished run.
 */
export async function failingCells(store: Store, plans: PlanCache, project: string): Promise<readonly string[]> {
  const run = await store.lastFinishedRun(project);
  if (run === null) return [];
  const [plan, rows] = await Promise.all([plans.get(run), store.jobs(run)]);
  const failed = new Set(
    rows
      .filter(({ outcome }) => outcome !== null && !NO_ANSWER.has(outcome))
      .map(({ job }) => plan.jobs[job]?.name ?? ""),
  );
  const cells = plan.jobs
    .filter(({ name, needs }) => failed.has(name) || needs.some((need) => failed.has(need)))
    .map(({ cell }) => cell);
  return [...new Set(cells)].sort();
}
