import type { ExpectedGate } from "@kiln/gate";
import type { Plan } from "@kiln/matrix";
import type { Outlook, TupleCounts } from "../../planning/outlook.ts";
import { count } from "../count.ts";
import { renderReasons, type ReasonedCell } from "../exclusions.ts";
import { axesOfCells } from "../grid/axes-of-cells.ts";
import type { GridAxis } from "../grid/axis-label.ts";
import { gridOfPlan } from "../grid/plan-grid.ts";
import { renderGrid } from "../grid/render-grid.ts";
import { line, span, type Line } from "../line.ts";
import { oneLine } from "../plain-text.ts";
import type { Symbols } from "../symbols.ts";
import { wrapText } from "../width.ts";
import { judgedBy } from "./judged-by.ts";
import { jobsText } from "./job-counts.ts";
import { renderOutlook } from "./outlook-report.ts";

export interface PlanReport {
  readonly plan: Plan;
  /** Who said which Pythons there are. */
  readonly pythonsFrom: string;
  readonly tuples: TupleCounts;
  readonly outlook: Outlook;
  readonly gates: readonly ExpectedGate[];
}

/** A plan for people: what would run where, what would not and why, and how long it takes. */
export function renderPlan(report: PlanReport, width: number, symbols: Symbols): readonly Line[] {
  const { plan } = report;
  const axes = axesOfPlan(plan);
  const parts: readonly (readonly Line[])[] = [
    renderHeader(report, width),
    plan.cells.length + plan.excluded.length + plan.reduced.length === 0
      ? wrapped("No cell: the axes of the spec have nothing in common with what there is.", width)
      : renderGrid(gridOfPlan(plan, symbols), { axes, width, symbols, style: "marks" }),
    ...renderReasonsOfPlan(plan, axes, width, symbols),
    [
      ...renderReduction(report, width),
      ...wrapped(jobsText(plan), width),
      ...renderOutlook(report.outlook, plan, axes, width, symbols),
    ],
    judgedBy(plan, report.gates).flatMap((text) => wrapped(text, width)),
  ];
  return parts.filter((part) => part.length > 0).flatMap((part, index) => (index === 0 ? part : [[], ...part]));
}

/** The axes with the values that its cells have, in the plan's order. */
export function axesOfPlan(plan: Plan): readonly GridAxis[] {
  return axesOfCells([...plan.cells, ...plan.excluded, ...plan.reduced], plan.axes);
}

function renderHeader({ plan, pythonsFrom }: PlanReport, width: number): readonly Line[] {
  const version = plan.candidate.version ?? "(version not known before the build)";
  const resolved = plan.axes.flatMap(({ name, resolved: written }) => {
    // What is available, the grid shows.
    const pairs = Object.entries(written).filter(([from, to]) => from !== to && from !== "available");
    return pairs.length === 0 ? [] : [`${name} ${pairs.map(([from, to]) => `${from} = ${to}`).join(", ")}`];
  });
  const facts = [
    `Pythons: ${pythonsFrom}`,
    `Compatibility data of ${plan.dataVersion}`,
    ...(resolved.length === 0 ? [] : [`Resolved: ${resolved.join("; ")}`]),
  ];
  return [
    ...wrapText(oneLine(`${plan.candidate.name} ${version}`), width).map((part) => line(span(part, "bold"))),
    ...wrapped(`${capital(plan.release)} release, ${reductionName(plan)}`, width),
    ...facts.flatMap((text) => wrapText(oneLine(text), width).map((part) => line(span(part, "dim")))),
  ];
}

/** `full matrix`, `pairwise`, `3-wise`, `touchstone cells`. */
export function reductionName({ reduction }: Pick<Plan, "reduction">): string {
  switch (reduction.kind) {
    case "full":
      return "full matrix";
    case "t-wise":
      return reduction.strength === 2 ? "pairwise" : "3-wise";
    case "touchstone":
      return "touchstone cells";
  }
}

/** What was excluded, what nobody knows, and what the user overrode; each with what else there is. */
function renderReasonsOfPlan(
  plan: Plan,
  axes: readonly GridAxis[],
  width: number,
  symbols: Symbols,
): readonly (readonly Line[])[] {
  const { cells, reduced, excluded } = plan;
  const possible = [...cells, ...reduced];
  const unknown = cells.flatMap(({ name, axes: values, unknown: reasons }): readonly ReasonedCell[] =>
    reasons.map((reason) => ({ name, axes: values, ...reason })),
  );
  const overridden = cells.flatMap(({ name, axes: values, overridden: reasons }): readonly ReasonedCell[] =>
    reasons.map((reason) => ({ name, axes: values, ...reason })),
  );
  const lists: readonly (readonly [string, readonly ReasonedCell[]])[] = [
    ["Excluded", excluded],
    ["Not known to be possible", unknown],
    ["Planned by an override", overridden],
  ];
  return lists.map(([title, list]) => {
    if (list === excluded) return renderReasons({ title, cells: list, others: possible, axes, width, symbols });
    const named = new Set(list.map((cell) => cell.name));
    const others = cells.filter((cell) => !named.has(cell.name));
    return renderReasons({ title, cells: list, others, axes, width, symbols });
  });
}

function renderReduction({ plan, tuples }: PlanReport, width: number): readonly Line[] {
  if (plan.reduction.kind === "full") return [];
  return wrapped(reductionText(plan, tuples), width);
}

/** `Reduction: pairwise, 24 of 96 possible cells. All 312 possible pairs of axis values are covered; 14 are impossible.` */
export function reductionText(plan: Plan, { strength, covered, possible, impossible }: TupleCounts): string {
  const all = plan.cells.length + plan.reduced.length;
  const tuple = strength === 3 ? "triple" : strength === 2 ? "pair" : "value";
  const many =
    covered === possible
      ? `All ${count(possible, `possible ${tuple}`)}`
      : `${covered} of ${count(possible, `possible ${tuple}`)}`;
  const are = covered === possible && possible === 1 ? "is" : "are";
  const rest = impossible === 0 ? "" : `; ${impossible} more ${impossible === 1 ? "is" : "are"} impossible`;
  return `Reduction: ${reductionName(plan)}, ${plan.cells.length} of ${count(all, "possible cell")}. ${many} of axis values ${are} covered${rest}.`;
}

function wrapped(text: string, width: number): readonly Line[] {
  return wrapText(text, width).map((part) => line(part));
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
