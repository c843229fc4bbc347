import type { OutcomeName } from "@kiln/proto";

/** The closed set of outcomes of a job, shared by retry, metrics, gate and every reader. */
export type Outcome = OutcomeName;

/** Not the candidate's doing: the job is tried again, within its counted budget. */
export function isRetriedAutomatically(outcome: Outcome): boolean {
  return outcome === "infrastructure" || outcome === "agent-lost";
}
