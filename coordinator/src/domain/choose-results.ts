import type { Plan, PlannedJob } from "@kiln/matrix";
import type { TakenResult } from "./taken-result.ts";

/** A job that passed in an earlier run. */
export interface PassedJob extends TakenResult {
  /** PlannedJob.key */
  readonly key: string;
  /** SHA-256 of the wheel that a test or a scan was of; null for what has none. */
  readonly ofWheel: string | null;
}

export interface EarlierResults {
  /** Builds whose wheel is stored, by key. */
  readonly builds: ReadonlyMap<string, PassedJob>;
  /** What passed in the run that a person named, by key; its builds only where their wheel is stored. */
  readonly ofRun: ReadonlyMap<string, PassedJob>;
}

/**
 * The results that stand for jobs of a new plan, by position in the plan and in
 * its order. A test or a scan is taken only with the build whose wheel it was
 * of: what is released must be the bytes that were tested. What is measured is
 * always measured again.
 */
export function chooseResults(plan: Plan, { builds, ofRun }: EarlierResults): ReadonlyMap<number, TakenResult> {
  const chosen = new Map<number, TakenResult>();
  const wheels = new Map<string, string>();
  for (const [index, job] of plan.jobs.entries()) {
    const result = resultFor(job, builds, ofRun, wheels);
    if (!result) continue;
    chosen.set(index, result);
    if (result.wheel) wheels.set(job.name, result.wheel.sha256);
  }
  return chosen;
}

/** `wheels`: of the builds that were taken, by the name of the job. */
function resultFor(
  job: PlannedJob,
  builds: EarlierResults["builds"],
  ofRun: EarlierResults["ofRun"],
  wheels: ReadonlyMap<string, string>,
): PassedJob | null {
  const found = ofRun.get(job.key) ?? null;
  switch (job.kind) {
    case "build":
      return found ?? builds.get(job.key) ?? null;
    case "check":
      return found;
    case "test":
    case "scan":
      return found !== null && found.ofWheel === wheels.get(job.wheelOf) ? found : null;
    case "bench":
    case "profile":
      return null;
  }
}
