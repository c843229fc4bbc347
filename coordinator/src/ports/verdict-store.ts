import type { ReleasePolicy } from "@kiln/gate";
import type { AttemptRow } from "../domain/rows.ts";
import type { ApprovalRow, WaiverRow } from "../domain/verdict/decision.ts";
import type { JudgedRun } from "../domain/verdict/judged-run.ts";

/** What runs have to pass, and what was found; written by the store's operations. */
export interface VerdictStore {
  /** Null for a run that was submitted before policies were kept. */
  policy(run: number): Promise<ReleasePolicy | null>;
  /** Null: it was not judged yet, or before verdicts were kept. */
  judged(run: number): Promise<JudgedRun | null>;
  /** Finished runs that were judged, newest first: at most `each` of a project, of the `projects` judged last. */
  newestJudged(projects: number, each: number): Promise<readonly number[]>;
  /** Oldest first. */
  approvals(run: number): Promise<readonly ApprovalRow[]>;
  /** Oldest first; those of the spec are in its policy. */
  waivers(run: number): Promise<readonly WaiverRow[]>;
  /** The attempts whose results the jobs from `fromJob` on have, by position in the plan; up to `limit` jobs, of which some may have none. */
  resultsFrom(run: number, fromJob: number, limit: number): Promise<ReadonlyMap<number, AttemptRow>>;
}
