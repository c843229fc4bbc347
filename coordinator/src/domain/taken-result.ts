import type { Blob, ReusedFrom, TestCounts } from "./rows.ts";

/** What a job that passed in an earlier run found out, for an equal job of a new run. */
export interface TakenResult {
  readonly from: ReusedFrom;
  /** What a build made; null for other jobs. */
  readonly wheel: Blob | null;
  readonly pythonVersion: string;
  readonly tests: TestCounts | null;
}
