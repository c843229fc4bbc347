/** The closed set of outcomes of a job, shared by retry, metrics, gate and every reader. */
export const OUTCOMES = [
  "passed",
  "build-failed",
  "tests-failed",
  "regressed",
  "timed-out",
  "out-of-resources",
  "bad-spec",
  "infrastructure",
  "agent-lost",
  "cancelled",
  "not-run",
] as const;

export type Outcome = (typeof OUTCOMES)[number];

/** Not the candidate's doing: the job is tried again, within its counted budget. */
export function isRetriedAutomatically(outcome: Outcome): boolean {
  return outcome === "infrastructure" || outcome === "agent-lost";
}
