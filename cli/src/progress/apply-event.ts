import type { RunEvent, RunView } from "@kiln/proto";

/** The view after an event: a job replaced by its name, or the run's own facts. */
export function applyEvent(view: RunView, event: RunEvent): RunView {
  const lastEventId = Math.max(view.lastEventId, event.id);
  if (event.type === "run") return { ...view, ...event.run, lastEventId };
  const index = view.jobs.findIndex((job) => job.name === event.job.name);
  const jobs = index === -1 ? [...view.jobs, event.job] : view.jobs.with(index, event.job);
  return { ...view, jobs, counts: countJobs(jobs), lastEventId };
}

/** Counts as RunCounts defines them: a job's event comes without those of its run. */
function countJobs(jobs: RunView["jobs"]): RunView["counts"] {
  const counts = { total: jobs.length, waiting: 0, active: 0, passed: 0, failed: 0, notRun: 0 };
  for (const { state, outcome } of jobs) {
    if (state === "blocked" || state === "ready") counts.waiting += 1;
    else if (state !== "finished") counts.active += 1;
    else if (outcome === "passed") counts.passed += 1;
    else if (outcome === "cancelled" || outcome === "not-run") counts.notRun += 1;
    else counts.failed += 1;
  }
  return counts;
}
