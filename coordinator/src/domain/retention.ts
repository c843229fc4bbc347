import type { RunRow } from "./rows.ts";

/** How long the bytes of runs are kept. What is known of a run stays for ever. */
export interface RetentionPolicy {
  /** Since the run ended; null: for ever. */
  readonly ageMaxMs: number | null;
  /** This many of a project's newest runs are kept, however old. */
  readonly newestRunsKept: number;
}

/** What decides over a run that ended, is not pinned, and still has its bytes. */
export interface RunAge {
  readonly run: number;
  readonly finishedAtMs: number;
  /** Runs of the same project that were submitted later; those beyond the policy's number need not be counted. */
  readonly newerRuns: number;
  /** No later run of its project passed, and it did. */
  readonly isNewestPassed: boolean;
}

const DAY_MS = 24 * 3_600_000;

/** The rule by which the run's blobs and logs go, in words; null: they stay. */
export function expiryRule(run: RunAge, policy: RetentionPolicy, nowMs: number): string | null {
  const { ageMaxMs, newestRunsKept } = policy;
  if (ageMaxMs === null || nowMs - run.finishedAtMs < ageMaxMs) return null;
  if (run.newerRuns < newestRunsKept || run.isNewestPassed) return null;
  const days = Math.round((ageMaxMs / DAY_MS) * 10) / 10;
  return `the bytes of a run are kept for ${days} days, unless it is pinned, among the newest ${newestRunsKept} of its project, or the newest that passed`;
}

/** Since when the bytes of a run may be gone, and by which rule; null: they are kept. */
export function bytesGone(row: RunRow): RunRow["expired"] {
  const { state, finishedAtMs, expired } = row;
  return state === "finished" && expired && finishedAtMs !== null && expired.atMs >= finishedAtMs ? expired : null;
}

/** The rule for uploads that no run ever used. */
export const UNUSED_RULE = "no run used it within a week of its upload";
