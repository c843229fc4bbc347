import type { ExcludedCellView, OutcomeName } from "@kiln/proto";
import { cellsOf, cellState, type CellState, type RunJobs } from "./cell-state.ts";
import { line, lineWidth, span, type Line, type Span, type Tone } from "./line.ts";
import type { Symbols } from "./symbols.ts";
import { padText, textWidth } from "./width.ts";

/** One cell of a grid: a mark, a word, and a shorter word for narrow terminals. */
export interface GridCell {
  readonly row: string;
  readonly column: string;
  readonly mark: string;
  readonly word: string;
  readonly short: string;
  readonly tone: Tone;
}

const GAP = 2;

/**
 * A grid with a row per operating system and a column per Python. Where the
 * whole words do not fit it takes the short ones; where those do not fit
 * either it goes on below, so that no line is wider than `width`.
 */
export function renderGrid(cells: readonly GridCell[], width: number): readonly Line[] {
  if (cells.length === 0) return [];
  const rows = [...new Set(cells.map((cell) => cell.row))];
  const columns = [...new Set(cells.map((cell) => cell.column))].toSorted(comparePythons);
  const byPlace = new Map(cells.map((cell) => [`${cell.row}\n${cell.column}`, cell]));
  const rowWidth = Math.max(...rows.map(textWidth));
  const columnWidth = (text: (cell: GridCell) => string): number =>
    GAP + Math.max(...columns.map(textWidth), ...cells.map((cell) => textWidth(text(cell))));
  const room = width - rowWidth;
  const whole = (cell: GridCell): string => `${cell.mark} ${cell.word}`;
  const brief = (cell: GridCell): string => `${cell.mark} ${cell.short}`.trim();
  const text = columnWidth(whole) * columns.length <= room ? whole : brief;
  const each = columnWidth(text);
  const perBlock = Math.max(1, Math.floor(room / each));

  const lines: Line[] = [];
  for (let from = 0; from < columns.length; from += perBlock) {
    const block = columns.slice(from, from + perBlock);
    if (from > 0) lines.push([]);
    lines.push(line(" ".repeat(rowWidth), ...block.map((name) => span(gap(padText(name, each - GAP)), "dim"))));
    for (const row of rows) {
      const spans = block.map((column): Span => {
        const cell = byPlace.get(`${row}\n${column}`);
        return cell === undefined ? span(" ".repeat(each)) : span(gap(padText(text(cell), each - GAP)), cell.tone);
      });
      lines.push(line(padText(row, rowWidth), ...spans));
    }
  }
  return lines.map((spans) => (lineWidth(spans) > width ? spans.slice(0, 2) : spans));
}

function gap(text: string): string {
  return " ".repeat(GAP) + text;
}

/** The grid of a run: what came of every cell, and which were excluded. */
export function gridOfRun(
  run: RunJobs & { readonly excluded: readonly ExcludedCellView[] },
  symbols: Symbols,
): readonly GridCell[] {
  const axes = new Map(run.cells.map((cell) => [cell.cell, cell.axes]));
  const place = (of: Readonly<Record<string, string>>): { row: string; column: string } => ({
    row: of["os"] ?? "?",
    column: of["python"] ?? "?",
  });
  return [
    ...cellsOf(run).map((jobs) => ({ ...place(axes.get(jobs.cell) ?? {}), ...shown(cellState(jobs), symbols) })),
    ...run.excluded.map((cell) => ({ ...place(cell.axes), ...excludedCell(symbols) })),
  ];
}

export function excludedCell(symbols: Symbols): Omit<GridCell, "row" | "column"> {
  return { mark: symbols.none, word: "excluded", short: "", tone: "dim" };
}

type Shown = Omit<GridCell, "row" | "column">;

function shown(state: CellState, symbols: Symbols): Shown {
  switch (state.kind) {
    case "waiting":
      return { mark: symbols.waiting, word: "waiting", short: "wait", tone: "dim" };
    case "active":
      return { mark: symbols.active, word: state.phase, short: state.phase.slice(0, 5), tone: "accent" };
    case "passed":
      return { mark: symbols.good, word: "passed", short: "pass", tone: "good" };
    case "failed":
      return { mark: symbols.bad, word: state.outcome, short: SHORT[state.outcome], tone: "bad" };
    case "ended":
      return { mark: symbols.none, word: state.outcome, short: SHORT[state.outcome], tone: "warn" };
  }
}

const SHORT = {
  passed: "pass",
  "build-failed": "build",
  "tests-failed": "test",
  regressed: "slower",
  "timed-out": "time",
  "out-of-resources": "limit",
  "bad-spec": "spec",
  infrastructure: "infra",
  "agent-lost": "lost",
  cancelled: "cancel",
  "not-run": "no run",
} as const satisfies Record<OutcomeName, string>;

/** "3.9" before "3.10" before "3.13" before "3.13t". */
export function comparePythons(left: string, right: string): number {
  const key = (feature: string): number => {
    const match = /^(\d+)\.(\d+)(t?)/.exec(feature);
    return match === null ? Infinity : Number(match[1]) * 10_000 + Number(match[2]) * 2 + (match[3] === "t" ? 1 : 0);
  };
  const difference = key(left) - key(right);
  return Number.isNaN(difference) || difference === 0 ? left.localeCompare(right) : difference;
}
