import { explainCell, type CellExplanation } from "@kiln/matrix";
import { EXIT, type ExitCode } from "../exit-code.ts";
import { CliError } from "../program/cli-error.ts";
import type { Context } from "../program/context.ts";
import { count } from "../render/count.ts";
import { renderReasons } from "../render/exclusions.ts";
import { gridOfPlan } from "../render/grid/plan-grid.ts";
import { renderGrid } from "../render/grid/render-grid.ts";
import { line, span, type Line } from "../render/line.ts";
import { oneLine } from "../render/plain-text.ts";
import { renderExplanation, sentences } from "../render/plan/explanation.ts";
import { axesOfPlan } from "../render/plan/plan-report.ts";
import { factsOfCell, type CellFact } from "./cell-facts.ts";
import { findCells } from "./find-cells.ts";
import type { LocalPlan } from "./local-plan.ts";

type Explained = Exclude<CellExplanation, { readonly kind: "not-a-cell" }>;

/** Explanations that `--json` gives for words that fit many cells. */
const EXPLAINED_MAX = 1_000;

/** Prints why a cell is planned, excluded or left out; for words that fit several cells, why each of them is. */
export function explain(context: Context, local: LocalPlan, written: string): ExitCode {
  const { plan, inputs } = local;
  const { out } = context;
  const explained = explainCell(inputs, plan, written);
  if (explained.kind !== "not-a-cell") {
    out.document({ explanations: [documentOf(explained)] });
    out.lines(renderExplanation(explained, factsOf(explained), plan, out.columns, out.symbols));
    return EXIT.passed;
  }
  const meant = findCells(plan, written) ?? [];
  const [first] = meant;
  if (first === undefined) {
    throw new CliError(`${JSON.stringify(written)} is no cell of this plan.`, {
      advice: explained.nearest.length === 0 ? "" : `Nearest are: ${explained.nearest.join(", ")}.`,
    });
  }
  if (meant.length === 1) return explain(context, local, first.name);
  if (context.json) {
    if (meant.length > EXPLAINED_MAX) {
      throw new CliError(
        `${JSON.stringify(written)} fits ${meant.length} cells, and at most ${EXPLAINED_MAX} are explained.`,
        {
          advice: "Name more axes; all cells with their reasons are in ./kiln plan --json.",
        },
      );
    }
    const all = meant.map((cell) => explainCell(inputs, plan, cell.name)).filter((each) => each.kind !== "not-a-cell");
    out.document({ explanations: all.map(documentOf) });
  }
  out.lines(renderMeant(context, local, written, new Set(meant.map((cell) => cell.name))));
  return EXIT.passed;
}

function documentOf(explained: Explained) {
  return { ...explained, facts: factsOf(explained), sentences: sentences(explained) };
}

/** Of what cannot be, there is nothing to know. */
function factsOf(explained: Explained): readonly CellFact[] {
  return explained.kind === "excluded" ? [] : factsOfCell(explained.cell.axes);
}

/** The part of a plan that words fit: its grid, and why cells are not in it. */
function renderMeant(
  { out }: Context,
  { plan }: LocalPlan,
  written: string,
  names: ReadonlySet<string>,
): readonly Line[] {
  const within = <Cell extends { readonly name: string }>(cells: readonly Cell[]): readonly Cell[] =>
    cells.filter((cell) => names.has(cell.name));
  const part = { ...plan, cells: within(plan.cells), excluded: within(plan.excluded), reduced: within(plan.reduced) };
  const axes = axesOfPlan(part);
  const { columns: width, symbols } = out;
  const options = { axes, width, symbols, others: [...part.cells, ...part.reduced] };
  const reasoned = part.cells.flatMap(({ name, axes: values, unknown }) =>
    unknown.map((reason) => ({ name, axes: values, ...reason })),
  );
  const parts: readonly (readonly Line[])[] = [
    [line(span(oneLine(written), "bold"), ` fits ${count(names.size, "cell")}:`)],
    renderGrid(gridOfPlan(part, symbols), { axes, width, symbols, style: "marks" }),
    renderReasons({ ...options, title: "Excluded", cells: part.excluded }),
    renderReasons({ ...options, title: "Not known to be possible", cells: reasoned, others: [] }),
  ];
  return parts.filter((lines) => lines.length > 0).flatMap((lines, index) => (index === 0 ? lines : [[], ...lines]));
}
