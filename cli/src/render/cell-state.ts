import type { JobSummary, OutcomeName } from "@kiln/proto";

/** The part of a run that the renderers need; RunView has it. */
export interface RunJobs {
  readonly cells: readonly { readonly cell: string; readonly axes: Readonly<Record<string, string>> }[];
  readonly jobs: readonly JobSummary[];
}

/** A cell with the jobs that decide about it; several cells may share one build. */
export interface CellJobs {
  readonly cell: string;
  readonly build: JobSummary | null;
  readonly test: JobSummary | null;
  /** Benchmarks and profiles. */
  readonly measures: readonly JobSummary[];
}

export type CellState =
  | { readonly kind: "waiting" }
  | { readonly kind: "active"; readonly phase: "building" | "testing" | "measuring" }
  | { readonly kind: "passed" }
  | { readonly kind: "failed"; readonly outcome: OutcomeName }
  /** Cancelled, or left out because of something else. */
  | { readonly kind: "ended"; readonly outcome: OutcomeName };

/** The cells of a run, in its order, each with its jobs. */
export function cellsOf(run: RunJobs): readonly CellJobs[] {
  const byName = new Map(run.jobs.map((job) => [job.name, job]));
  const own = Map.groupBy(run.jobs, (job) => job.cell);
  return run.cells.map(({ cell }) => {
    const jobs = own.get(cell) ?? [];
    const test = jobs.find((job) => job.kind === "test") ?? null;
    // A build is named for the first cell that it serves; which build serves a cell, its test says.
    const needed = (test?.needs ?? []).map((name) => byName.get(name)).find((job) => job?.kind === "build");
    const build = needed ?? jobs.find((job) => job.kind === "build") ?? null;
    return { cell, test, build, measures: jobs.filter(({ kind }) => kind === "bench" || kind === "profile") };
  });
}

/** What can be said of a cell in one word. */
export function cellState({ build, test, measures }: CellJobs): CellState {
  for (const job of [build, test, ...measures]) {
    if (job?.outcome == null || job.outcome === "passed") continue;
    // A test that was not run because its build failed is told by the build, which comes first.
    const ended = job.outcome === "cancelled" || job.outcome === "not-run";
    return { kind: ended ? "ended" : "failed", outcome: job.outcome };
  }
  if (isActive(test)) return { kind: "active", phase: "testing" };
  if (isActive(build)) return { kind: "active", phase: "building" };
  if (measures.some(isActive)) return { kind: "active", phase: "measuring" };
  const jobs = [build, test, ...measures].filter((job) => job !== null);
  const passed = jobs.length > 0 && jobs.every((job) => job.outcome === "passed");
  return { kind: passed ? "passed" : "waiting" };
}

export function isActive(job: JobSummary | null): boolean {
  return job !== null && ["assigned", "running", "cancelling"].includes(job.state);
}

/** Finished, and neither passed nor merely left out. */
export function isFailed(job: JobSummary): boolean {
  return job.outcome !== null && !["passed", "cancelled", "not-run"].includes(job.outcome);
}

/** Milliseconds that the job has run for, until now or its end; null before it began. */
export function jobMs(job: JobSummary | null, nowMs: number): number | null {
  if (job?.startedAtMs == null) return null;
  return Math.max(0, (job.finishedAtMs ?? nowMs) - job.startedAtMs);
}
