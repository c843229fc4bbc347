import type { Plan } from "@kiln/matrix";
import { count } from "../count.ts";
import { groupReasons, sourceText, whichCells, type ReasonedCell } from "../exclusions.ts";
import { bareLabel, LACKING, valueLabel, type GridAxis } from "../grid/axis-label.ts";
import type { GridCell } from "../grid/grid-cell.ts";
import { arrange } from "../grid/layout.ts";
import { gridOfPlan } from "../grid/plan-grid.ts";
import { markdownTable, markdownText } from "../markdown-text.ts";
import { UNICODE_SYMBOLS as SYMBOLS } from "../symbols.ts";
import { jobCounts, jobsText } from "./job-counts.ts";
import { axesOfPlan, reductionName, reductionText, type PlanReport } from "./plan-report.ts";

/** A plan as Markdown, for release notes and issues: tables of the cells, the reasons and the jobs. */
export function planMarkdown(report: Pick<PlanReport, "plan" | "tuples">): string {
  const { plan, tuples } = report;
  const axes = axesOfPlan(plan);
  const { cells, reduced, excluded } = plan;
  const version = plan.candidate.version ?? "(version not known before the build)";
  const withReasons = (list: "unknown" | "overridden"): readonly ReasonedCell[] =>
    cells.flatMap((cell) => cell[list].map((reason) => ({ name: cell.name, axes: cell.axes, ...reason })));
  const possible = [...cells, ...reduced];
  const parts = [
    `# ${markdownText(`${plan.candidate.name} ${version}`)}: test matrix`,
    `${capital(plan.release)} release, ${reductionName(plan)}. ${jobsText(plan)} Compatibility data of ${markdownText(plan.dataVersion)}.`,
    plan.reduction.kind === "full" ? "" : reductionText(plan, tuples),
    matrixTable(gridOfPlan(plan, SYMBOLS), axes),
    reasonsTable("Excluded", excluded, possible, axes),
    reasonsTable("Not known to be possible", withReasons("unknown"), [], axes),
    reasonsTable("Planned by an override", withReasons("overridden"), [], axes),
    jobsTable(plan),
  ];
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}

function matrixTable(cells: readonly GridCell[], axes: readonly GridAxis[]): string {
  if (cells.length === 0) return "No cell: the axes of the spec have nothing in common with what there is.";
  const python = axes.find(({ name }) => name === "python");
  const rows = axes.filter((axis) => axis !== python && (axis.values.length > 1 || axis.name === "os"));
  // The operating system first: people look for theirs.
  const sorted = [...rows.filter(({ name }) => name === "os"), ...rows.filter(({ name }) => name !== "os")];
  const layout = { columns: python === undefined ? [] : [python], heading: null, rows: sorted, folded: [] };
  const grid = arrange(cells, layout);
  const head = [
    ...sorted.map(({ name }) => name),
    ...grid.columns.map(([value = LACKING]) => bareLabel("python", value)),
  ];
  const body = grid.blocks.flatMap((block) =>
    block.rows.map(({ values, slots }) => [
      ...values.map((value, at) => valueLabel(sorted[at]?.name ?? "", value)),
      ...grid.columns.map((_, column) => [...(slots.get(column)?.keys() ?? [])].map(({ mark }) => mark).join(" ")),
    ]),
  );
  const counts = Map.groupBy(cells, ({ state }) => state);
  const legend = [...counts].map(([{ mark, word }, list]) => `${mark} ${word} (${list.length})`);
  const constant = axes.filter((axis) => !rows.includes(axis) && axis !== python);
  const every = constant.map(({ name, values }) => valueLabel(name, values[0] ?? LACKING)).join(", ");
  return [
    "## Matrix",
    ...(every === "" ? [] : [`Every cell: ${markdownText(every)}.`]),
    markdownTable(head, body),
    legend.map(markdownText).join(" · "),
  ].join("\n\n");
}

function reasonsTable(
  title: string,
  cells: readonly ReasonedCell[],
  others: readonly { readonly axes: Readonly<Record<string, string>> }[],
  axes: readonly GridAxis[],
): string {
  if (cells.length === 0) return "";
  const groups = groupReasons(cells);
  const overridden = cells.some((cell) => cell.override !== undefined);
  const rows = groups.map((group) => {
    const [first] = group;
    const which = whichCells(group, { others, axes, width: 0, symbols: SYMBOLS });
    return [which, first.rule, first.reason, ...(overridden ? [first.override ?? ""] : []), sourceText(first)];
  });
  const many = new Set(cells.map((cell) => cell.name)).size;
  const head = ["cells", "rule", "reason", ...(overridden ? ["override"] : []), "source"];
  return [`## ${title}: ${count(many, "cell")}`, markdownTable(head, rows)].join("\n\n");
}

function jobsTable(plan: Plan): string {
  const rows = jobCounts(plan).map(([kind, many]) => [
    kind,
    String(many),
    String(kind === "build" ? plan.buildsBeforeFolding : many),
  ]);
  return rows.length === 0 ? "" : ["## Jobs", markdownTable(["kind", "jobs", "before folding"], rows)].join("\n\n");
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
