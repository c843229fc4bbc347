import type { Plan, PlannedJob } from "@kiln/matrix";
import type { Blob } from "./rows.ts";

/** A planned job with everything that an agent needs to run it. */
export type JobWork =
  | {
      readonly kind: "build";
      readonly job: PlannedJob & { kind: "build" };
      readonly candidate: WorkCandidate;
      readonly source: Blob;
    }
  | {
      readonly kind: "test";
      readonly job: PlannedJob & { kind: "test" };
      readonly candidate: WorkCandidate;
      readonly source: Blob;
      readonly wheel: Blob;
    };

export interface WorkCandidate {
  readonly name: string;
  /** null when only the wheel can tell. */
  readonly version: string | null;
}

/** Joins the plan's job with the bytes it works on. `wheel` is what the build it tests has made. */
export function workOf(plan: Plan, job: PlannedJob, source: Blob, wheel: Blob | null): JobWork {
  const { candidate } = plan;
  if (job.kind === "build") return { kind: "build", job, candidate, source };
  if (!wheel) throw new Error(`${job.name} was assigned before the wheel of ${job.wheelOf} was there`);
  return { kind: "test", job, candidate, source, wheel };
}
