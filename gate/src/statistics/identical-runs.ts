import { robustDeviation } from "./order.ts";
import { proportionInterval, type ProportionInterval } from "./proportion.ts";

/** One comparison of a release with itself, judged as a candidate would have been. */
export interface IdenticalRun {
  /** The estimated change, ln(second/first): zero but for noise. */
  readonly estimate: number;
  /** Whether the gate would have stopped it. */
  readonly stopped: boolean;
}

export interface IdenticalRunsSummary {
  readonly runs: number;
  readonly stopped: number;
  /** How often the gate stops what did not change, with its exact 95 % interval. */
  readonly falsePositives: ProportionInterval;
  /** Deviation of the estimates, one standard deviation in ln units; undefined below `DEVIATION_RUNS_MIN` runs. */
  readonly deviation: number | undefined;
}

/** Fewer estimates say too little about their own scatter. */
const DEVIATION_RUNS_MIN = 5;

/** The measured false-positive rate of a cell and benchmark (A/A runs); undefined without runs: unknown is not zero. */
export function summariseIdenticalRuns(history: readonly IdenticalRun[]): IdenticalRunsSummary | undefined {
  if (history.length === 0) return undefined;
  const stopped = history.filter((run) => run.stopped).length;
  return {
    runs: history.length,
    stopped,
    falsePositives: proportionInterval(stopped, history.length, 0.95),
    // Around zero, not around their median: a bias between the arms is part of what may go wrong.
    deviation:
      history.length < DEVIATION_RUNS_MIN
        ? undefined
        : robustDeviation(history.flatMap(({ estimate }) => [estimate, -estimate])),
  };
}
