import type { PlannedJob } from "@kiln/matrix";

/** The name that a command has in `checks:` or `scans:`; null for jobs that are none of these. */
export function commandName(job: PlannedJob): string | null {
  if (job.kind === "check") return job.name.slice("check-".length);
  if (job.kind !== "scan") return null;
  const wheel = job.wheelOf.replace(/^build-/, "");
  return job.name.slice("scan-".length, -(wheel.length + 1));
}
