import { Bisect, type BisectStep } from "@kiln/gate";
import type { Commit } from "./history.ts";

/** What came of measuring one commit beside the baseline. */
export type CommitMeasured =
  /** ln of how much worse, pair by pair. */
  | { readonly kind: "measured"; readonly run: string; readonly differences: readonly number[] }
  /** `again`: what disturbed it may be over the next time. */
  | { readonly kind: "unmeasured"; readonly run: string | null; readonly reason: string; readonly again: boolean };

export interface SearchStep {
  readonly commit: Commit;
  /** From 1: a look that does not decide is followed by another. */
  readonly look: number;
  readonly run: string | null;
  readonly pairs: number;
  /** Median of candidate over baseline, 1.05 for 5 % worse; null: not measured. */
  readonly worse: number | null;
  readonly says: "slow" | "fast" | "undecided" | "passed over";
  /** Why it was not measured; empty where it was. */
  readonly reason: string;
}

export interface SearchEnd {
  readonly steps: readonly SearchStep[];
  /** Commits from the first to the last that may be the one; one where it was found. */
  readonly among: readonly Commit[];
  /** Measurements that said something. */
  readonly looks: number;
}

interface SearchOptions {
  /** Between the baseline and the candidate, the candidate last. */
  readonly commits: readonly Commit[];
  /** ln of how much worse the candidate is; above zero. */
  readonly slowdown: number;
  readonly confidence: number;
  readonly measure: (commit: Commit) => Promise<CommitMeasured>;
  readonly told: (step: SearchStep) => void;
}

/** Measurements of one commit that were disturbed, after which it is passed over. */
const DISTURBED_MAX = 3;

/** Searches for the first slow commit, one measurement after the other. */
export async function searchCommits({
  commits,
  slowdown,
  confidence,
  measure,
  told,
}: SearchOptions): Promise<SearchEnd> {
  const bisect = new Bisect({ commits: commits.length, slowdown, confidence });
  const steps: SearchStep[] = [];
  const disturbed = new Map<number, number>();
  for (let step = bisect.next(); ; step = bisect.next()) {
    if (step.kind !== "measure") return { steps, among: amongOf(step, commits), looks: step.looks };
    const commit = commits[step.commit];
    if (!commit) throw new Error(`commit ${step.commit} of ${commits.length} was asked for`);
    const { look } = step;
    const measured = await measure(commit);
    let found: SearchStep;
    if (measured.kind === "measured") {
      const { run, differences } = measured;
      const says = bisect.tell(differences);
      found = {
        commit,
        look,
        run,
        pairs: differences.length,
        worse: Math.exp(medianOf(differences)),
        says,
        reason: "",
      };
    } else {
      const times = (disturbed.get(step.commit) ?? 0) + 1;
      disturbed.set(step.commit, times);
      const again = measured.again && times < DISTURBED_MAX;
      if (!again) bisect.passOver();
      const says = again ? "undecided" : "passed over";
      found = { commit, look, run: measured.run, pairs: 0, worse: null, says, reason: measured.reason };
    }
    steps.push(found);
    told(found);
  }
}

function amongOf(
  step: Exclude<BisectStep, { readonly kind: "measure" }>,
  commits: readonly Commit[],
): readonly Commit[] {
  const [from, to] = step.kind === "found" ? [step.commit, step.commit] : [step.from, step.to];
  return commits.slice(from, to + 1);
}

function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
  return low === undefined || high === undefined ? Number.NaN : (low + high) / 2;
}
