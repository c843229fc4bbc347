import type { FarmState } from "./farm-state.ts";
import type { LiveRun } from "./live-job.ts";

/** What holds a run back from having another job running; null: nothing does. */
export function limitOf(farm: FarmState, run: LiveRun): "run" | "project" | null {
  if (run.active >= Math.min(run.maxParallel, farm.limits.runJobsMax)) return "run";
  return projectActive(farm, run) >= farm.limits.projectJobsMax ? "project" : null;
}

export function projectActive(farm: FarmState, run: LiveRun): number {
  return farm.projects.get(run.project) ?? 0;
}

/** A job of the run begins to hold a slot (1), or lets go of it (-1). */
export function countActive(farm: FarmState, run: LiveRun, change: 1 | -1): void {
  run.active += change;
  const active = projectActive(farm, run) + change;
  if (active === 0) farm.projects.delete(run.project);
  else farm.projects.set(run.project, active);
}
