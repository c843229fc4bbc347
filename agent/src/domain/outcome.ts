/** The closed set of outcomes. An agent never says `regressed` or `not-run`. */
export type Outcome =
  | "passed"
  | "build-failed"
  | "tests-failed"
  | "timed-out"
  | "out-of-resources"
  | "bad-spec"
  | "infrastructure"
  | "agent-lost"
  | "cancelled";

/** How an attempt ended, for people and for the coordinator. */
export interface Verdict {
  readonly outcome: Outcome;
  /** One sentence: what happened. When passed, empty or what is to be known all the same. */
  readonly summary: string;
  /** A device of the job failed its health check: this holds also for a job that ran out of time. */
  readonly isOfDevice?: true;
}

export const PASSED: Verdict = { outcome: "passed", summary: "" };
