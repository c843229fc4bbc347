/** How a job ended: the closed set that retries, metrics and people share. */
export type JobOutcome =
  | "passed"
  | "build-failed"
  | "tests-failed"
  | "regressed"
  | "timed-out"
  | "out-of-resources"
  | "bad-spec"
  | "infrastructure"
  | "agent-lost"
  | "cancelled"
  | "not-run";

/** What is known of one job of a finished run. */
export interface JobFact {
  /** `test-cp312-linux-x86_64`. */
  readonly name: string;
  readonly kind: "check" | "build" | "scan" | "test" | "bench" | "profile";
  /** Names of the jobs that had to pass first. */
  readonly needs: readonly string[];
  readonly outcome: JobOutcome;
  /** One sentence on what happened; empty when passed. */
  readonly summary: string;
  /** Of a bench job: whether it is to be compared with a baseline; absent: it is. */
  readonly compares?: boolean;
}

export interface RunFacts {
  /** Every job of the plan. Cells have one test each, and share builds. */
  readonly jobs: readonly JobFact[];
}
