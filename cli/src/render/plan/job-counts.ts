import type { JobKind, Plan } from "@kiln/matrix";
import { count } from "../count.ts";

const KINDS = ["check", "build", "scan", "test", "bench", "profile"] as const satisfies readonly JobKind[];
const SEVERAL: Partial<Record<JobKind, string>> = { bench: "benches" };

/** How many jobs of each kind there are, in the order of a run's life. */
export function jobCounts(plan: Pick<Plan, "jobs">): readonly (readonly [JobKind, number])[] {
  const counts = Map.groupBy(plan.jobs, (job) => job.kind);
  return KINDS.flatMap((kind) => {
    const many = counts.get(kind)?.length ?? 0;
    return many === 0 ? [] : [[kind, many] as const];
  });
}

/** `96 cells, 112 jobs: 1 check, 14 builds (96 before folding), 96 tests`. */
export function jobsText(plan: Pick<Plan, "cells" | "jobs" | "buildsBeforeFolding">): string {
  const counts = jobCounts(plan);
  const parts = counts.map(([kind, many]) => {
    const folded =
      kind === "build" && plan.buildsBeforeFolding > many ? ` (${plan.buildsBeforeFolding} before folding)` : "";
    return `${count(many, kind, SEVERAL[kind])}${folded}`;
  });
  const jobs = count(plan.jobs.length, "job");
  return `${count(plan.cells.length, "cell")}, ${jobs}${parts.length === 0 ? "" : `: ${parts.join(", ")}`}.`;
}
