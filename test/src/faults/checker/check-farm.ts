import { readEvidence, type FarmRemains } from "./evidence.ts";
import { INVARIANTS } from "./invariants.ts";

export interface Judgement {
  /** Sentences; empty: every invariant holds. */
  readonly problems: readonly string[];
  readonly runs: number;
  readonly attempts: number;
}

/** Of one invariant: a farm that went wrong goes wrong everywhere. */
const PROBLEMS_SHOWN = 10;

/**
 * Reads what a farm left behind (its store, logs, blobs and spools, the agents'
 * journals and what the harness was promised) and judges it. It uses nothing of
 * the coordinator and the agent: their mistakes are not its own.
 */
export function checkFarm(remains: FarmRemains): Judgement {
  const evidence = readEvidence(remains);
  const problems = INVARIANTS.flatMap((invariant) => {
    const found = invariant(evidence);
    const more = found.length - PROBLEMS_SHOWN;
    return more > 0 ? [...found.slice(0, PROBLEMS_SHOWN), `… and ${more} more of these`] : found;
  });
  const attempts = [...evidence.attempts.values()].reduce((sum, list) => sum + list.length, 0);
  return { problems, runs: evidence.runs.size, attempts };
}
