import type { AttemptKey } from "../domain/attempt-key.ts";
import type { Outcome } from "../domain/outcome.ts";
import type { AgentRow, AttemptRow, Blob, HealthReportRow, JobRow, ReusedFrom, RunRow } from "../domain/rows.ts";
import type { ActiveState } from "../domain/rebuild-farm.ts";
import type { StoreOp } from "../domain/store-op.ts";

/**
 * What the farm remembers. One writer (the leading coordinator), any number of
 * readers. Every method may be called concurrently; a read sees every commit
 * that resolved before it was called.
 */
export interface Store extends AsyncDisposable {
  /** All of `ops`, in order, or none; when it resolves they survive a crash of the process and of the machine. */
  commit(ops: readonly StoreOp[]): Promise<void>;
  loadActive(): Promise<ActiveState>;
  run(run: number): Promise<RunRow | null>;
  runBySubmission(submissionId: string): Promise<RunRow | null>;
  /** Newest first, below `before` where given. */
  runs(limit: number, before: number | null): Promise<readonly RunRow[]>;
  /** The plan as it was inserted, or null when there is no such run. */
  planJson(run: number): Promise<string | null>;
  /** In the order of the plan. */
  jobs(run: number): Promise<readonly JobRow[]>;
  job(run: number, job: number): Promise<JobRow | null>;
  /** The run and its jobs whose change number is above `changedId`, in the order of their changes, as of one moment. */
  changesAfter(run: number, changedId: number): Promise<RunChanges | null>;
  /** How many jobs of each run are in each state, by outcome where finished. */
  jobCounts(runs: readonly number[]): Promise<readonly JobCount[]>;
  /** Oldest first. */
  attempts(run: number, job: number): Promise<readonly AttemptRow[]>;
  attempt(key: AttemptKey): Promise<AttemptRow | null>;
  agents(): Promise<readonly AgentRow[]>;
  /** What the agent found, newest first; at most HEALTH_REPORTS_MAX. */
  healthReports(agentId: string): Promise<readonly HealthReportRow[]>;
  /**
   * Builds of this project that were run and passed, whose content key is one of `keys`, in a run below `before` where
   * given: of each key up to four, newest run first. Whether their bytes are still there is not told.
   */
  passedBuilds(project: string, keys: readonly string[], before: number | null): Promise<readonly PassedBuild[]>;
  /** The newest finished run of a candidate of this project, or null: runs of a release against itself are none. */
  lastFinishedRun(project: string): Promise<number | null>;
  /** Finished runs of this project that passed, newest first, below `before`. */
  passedRuns(project: string, limit: number, before: number): Promise<readonly RunRow[]>;
  /**
   * Runs of this project whose source is of a git commit whose hash begins with `prefix` (hexadecimal, lower case),
   * newest first, below `before`.
   */
  runsOfCommit(project: string, prefix: string, limit: number, before: number): Promise<readonly RunRow[]>;
  /** Mean time that passed jobs of this project took lately, by kind; a kind without history is absent. */
  meanDurationsMs(project: string): Promise<Readonly<Partial<Record<JobRow["kind"], number>>>>;
}

export interface PassedBuild {
  readonly key: string;
  readonly from: ReusedFrom;
  readonly wheel: Blob;
  readonly pythonVersion: string;
}

export interface RunChanges {
  readonly run: RunRow;
  readonly jobs: readonly JobRow[];
}

export interface JobCount {
  readonly run: number;
  readonly state: JobRow["state"];
  readonly outcome: Outcome | null;
  readonly count: number;
}
