import type { Plan } from "@kiln/matrix";
import { count } from "./count.ts";
import { renderExclusions } from "./exclusions.ts";
import { line, span, type Line } from "./line.ts";
import { excludedCell, renderGrid, type GridCell } from "./matrix-grid.ts";
import { oneLine } from "./plain-text.ts";
import type { Symbols } from "./symbols.ts";

/** A plan for people: what would run where, what would not and why. `pythonsFrom`: who said which Pythons there are. */
export function renderPlan(plan: Plan, pythonsFrom: string, width: number, symbols: Symbols): readonly Line[] {
  const version = plan.candidate.version ?? "(version not known before the build)";
  const cells: readonly GridCell[] = [
    ...plan.cells.map((cell) => ({
      row: cell.axes.os,
      column: cell.axes.python,
      mark: symbols.good,
      word: "planned",
      short: "plan",
      tone: "good" as const,
    })),
    ...plan.excluded.map((cell) => ({ row: cell.axes.os, column: cell.axes.python, ...excludedCell(symbols) })),
  ];
  const builds = plan.jobs.filter((job) => job.kind === "build").length;
  const tests = plan.jobs.length - builds;
  const grid = renderGrid(cells, width);
  const exclusions = renderExclusions(plan.excluded, width);
  return [
    line(span(oneLine(`${plan.candidate.name} ${version}`), "bold")),
    line(span(`Pythons: ${pythonsFrom}`, "dim")),
    [],
    ...grid,
    ...(grid.length === 0 ? [line("No cell: the axes of the spec have nothing in common with what there is.")] : []),
    ...(exclusions.length === 0 ? [] : [[], ...exclusions]),
    [],
    line(
      `${count(plan.cells.length, "cell")}, ${count(plan.jobs.length, "job")}: ${count(builds, "build")}, ${count(tests, "test")}`,
    ),
  ];
}
