import { distance } from "fastest-levenshtein";
import { matches } from "../combine/condition.ts";
import type { Answer } from "../knowledge/rule.ts";
import { excludeReason, planRules } from "./own-rules.ts";
import { contextOf, type PlanContext, type PlanInputs } from "./plan-inputs.ts";
import type { CellAxes, ExcludedCell, Plan, PlannedCell, ReducedCell } from "./plan.ts";
import { resolveEntries } from "./resolve-entries.ts";

/** What a rule answered for a cell. */
export type RuleAnswer = NonNullable<Answer>;

/** Why a cell is planned, excluded or left out, with the answer of every rule that has something to say of it. */
export type CellExplanation =
  | {
      readonly kind: "planned";
      readonly cell: PlannedCell;
      readonly answers: readonly RuleAnswer[];
      /** Names of the jobs that run in it or make its wheel, in the order of the plan. */
      readonly jobs: readonly string[];
    }
  | { readonly kind: "excluded"; readonly cell: ExcludedCell; readonly answers: readonly RuleAnswer[] }
  | {
      readonly kind: "reduced";
      readonly cell: ReducedCell;
      readonly answers: readonly RuleAnswer[];
      /** Axes whose values the covering cell has too. */
      readonly inCommon: readonly string[];
    }
  /** Up to five names that are most like it. */
  | { readonly kind: "not-a-cell"; readonly nearest: readonly string[] };

const NEAREST_SHOWN = 5;

/** Explains a cell of a plan by its name; `inputs` are those that the plan was made of. */
export function explainCell(inputs: PlanInputs, plan: Plan, name: string): CellExplanation {
  const named = <T extends { readonly name: string }>(cells: readonly T[]): T | undefined =>
    cells.find((cell) => cell.name === name);
  const context = contextOf(inputs);
  const planned = named(plan.cells);
  if (planned) {
    return { kind: "planned", cell: planned, answers: answersOf(context, planned.axes), jobs: jobsOf(plan, name) };
  }
  const excluded = named(plan.excluded);
  if (excluded) return { kind: "excluded", cell: excluded, answers: answersOf(context, excluded.axes) };
  const reduced = named(plan.reduced);
  if (reduced) {
    const by = plan.cells.find((cell) => cell.name === reduced.coveredBy);
    const inCommon = Object.keys(reduced.axes).filter((axis) => reduced.axes[axis] === by?.axes[axis]);
    return { kind: "reduced", cell: reduced, answers: answersOf(context, reduced.axes), inCommon };
  }
  return { kind: "not-a-cell", nearest: nearestNames(plan, name) };
}

/** In the order in which the rules are asked. */
function answersOf(context: PlanContext, axes: CellAxes): readonly RuleAnswer[] {
  const { exclude } = resolveEntries(context);
  const own = exclude
    .filter((entry) => matches(entry, axes))
    .map((entry) => ({ answer: "impossible" as const, ...excludeReason(entry, context.places) }));
  const answers = planRules(context).map((rule) => rule.judge(axes));
  return [...own, ...answers.filter((answer) => answer !== null)];
}

function jobsOf(plan: Plan, cell: string): readonly string[] {
  const here = plan.jobs.filter((job) => job.cell === cell || job.name === `test-${cell}`);
  const wanted = new Set(here.flatMap((job) => [job.name, ...job.needs]));
  return plan.jobs.filter((job) => wanted.has(job.name)).map((job) => job.name);
}

function nearestNames(plan: Plan, name: string): readonly string[] {
  // No cell's name is longer than what a person types, give or take; distance costs the product of the lengths.
  const wanted = name.slice(0, 300);
  return [plan.cells, plan.excluded, plan.reduced]
    .flatMap((cells) => cells.map((cell) => ({ name: cell.name, apart: distance(wanted, cell.name) })))
    .sort((a, b) => a.apart - b.apart || (a.name < b.name ? -1 : 1))
    .slice(0, NEAREST_SHOWN)
    .map((near) => near.name);
}
