import type { MeasureReport } from "@kiln/proto";
import type { AttemptRow } from "../rows.ts";

/** An attempt that measured to its end. */
export interface MeasuredAttempt {
  readonly attempt: AttemptRow;
  readonly report: MeasureReport;
}

/** Oldest first. */
export function attemptsMeasured(attempts: readonly AttemptRow[]): readonly MeasuredAttempt[] {
  return attempts.flatMap((attempt) => {
    const report = attempt.reports.find((one) => one.kind === "measure");
    return attempt.outcome === "passed" && report ? [{ attempt, report }] : [];
  });
}
