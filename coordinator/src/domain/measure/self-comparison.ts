import {
  summariseIdenticalRuns,
  type ComparisonOutcome,
  type IdenticalRunsSummary,
  type Judged,
  type ProportionInterval,
} from "@kiln/gate";
import type { Plan, PlannedBench } from "@kiln/matrix";

/** One benchmark of a release against the very same files (A/A), judged as a candidate's would have been. */
export interface SelfComparison {
  readonly benchmark: string;
  readonly cell: string;
  /** As `machineClass` names it. */
  readonly machine: string;
  /** ln(second/first): zero but for noise. */
  readonly estimate: number;
  readonly outcome: "unchanged" | "improved" | "regressed" | "cannot-tell";
}

/** What the comparisons of a project with itself on one class of machines say of the gate. */
export interface SelfComparisonRate {
  readonly project: string;
  readonly machine: string;
  readonly comparisons: number;
  /** A candidate would have been stopped: false alarms. */
  readonly stopped: number;
  /** Too little to tell, which is no pass either. */
  readonly undecided: number;
  /** Share of `stopped`, with its exact 95 % interval. */
  readonly falsePositives: ProportionInterval;
}

/** Newest comparisons that are kept of a project on one class of machines. */
export const SELF_COMPARISONS_KEPT = 2_000;

/**
 * The bench jobs of a plan, each to be measured beside its own files, with the
 * builds that they need; null without any. Their keys are their own: nothing
 * takes their results for those of a release.
 */
export function selfComparisonPlan(plan: Plan, digest: (text: string) => string): Plan | null {
  const benches = plan.jobs.flatMap((job): PlannedBench[] =>
    job.kind === "bench"
      ? [{ ...job, key: digest(`itself:${job.key}`), needs: [job.wheelOf], baseline: { kind: "itself" } }]
      : [],
  );
  if (benches.length === 0) return null;
  const wheels = new Set(benches.map(({ wheelOf }) => wheelOf));
  const cells = new Set(benches.map(({ cell }) => cell));
  const builds = plan.jobs.filter(({ name }) => wheels.has(name));
  return {
    ...plan,
    cells: plan.cells.filter(({ name }) => cells.has(name)),
    excluded: [],
    reduced: [],
    jobs: [...builds, ...benches],
    buildsBeforeFolding: builds.length,
  };
}

/** What a judged comparison with itself tells; null when nothing was measured to the end. */
export function selfComparisonOf({ comparison, outcome }: Judged, machine: string): SelfComparison | null {
  const effect = "effect" in outcome ? outcome.effect : null;
  if (!isTold(outcome) || !effect || !(effect.ratio.estimate > 0)) return null;
  const { benchmark, cell } = comparison;
  return { benchmark, cell, machine, estimate: Math.log(effect.ratio.estimate), outcome: outcome.kind };
}

function isTold(outcome: ComparisonOutcome): outcome is ComparisonOutcome & { kind: SelfComparison["outcome"] } {
  return ["unchanged", "improved", "regressed", "cannot-tell"].includes(outcome.kind);
}

export type IdenticalOf = (benchmark: string, cell: string, machine: string) => IdenticalRunsSummary | undefined;

/** Of each benchmark in its cell on a class of machines, what its comparisons with itself say; undefined without any. */
export function identicalRuns(history: readonly SelfComparison[]): IdenticalOf {
  const keyOf = (...parts: readonly string[]): string => JSON.stringify(parts);
  const runs = Map.groupBy(history, ({ benchmark, cell, machine }) => keyOf(benchmark, cell, machine));
  return (benchmark, cell, machine) =>
    summariseIdenticalRuns(
      (runs.get(keyOf(benchmark, cell, machine)) ?? []).map(({ estimate, outcome }) => ({
        estimate,
        stopped: outcome === "regressed",
      })),
    );
}
