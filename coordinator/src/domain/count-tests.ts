import type { AttemptRow, TestCounts } from "./rows.ts";

/** The counts of an attempt's test report; null where it made none. */
export function countTests(reports: AttemptRow["reports"]): TestCounts | null {
  const report = reports.find(({ kind }) => kind === "test");
  if (report?.kind !== "test") return null;
  const { tests, failed, errors, skipped, flaky } = report;
  return { tests, failed: failed + errors, skipped, flaky };
}
