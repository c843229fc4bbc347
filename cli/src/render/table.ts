import { clipLine, lineWidth, span, type Line, type Span } from "./line.ts";
import { textWidth } from "./width.ts";

export interface TableColumn {
  readonly title: string;
  readonly align?: "left" | "right";
  /** May be cut, down to `minWidth`, when the table is wider than the terminal. */
  readonly shrinks?: boolean;
  /** Left out when the table is wider than the terminal. */
  readonly optional?: boolean;
  /** Columns; default 8. */
  readonly minWidth?: number;
}

export interface Table {
  readonly columns: readonly TableColumn[];
  /** Each row has one line of spans per column. */
  readonly rows: readonly (readonly Line[])[];
}

const GAP = 2;

/** Lines of a table that is never wider than `width` columns; empty columns are left out. */
export function renderTable(table: Table, width: number, ellipsis: string): readonly Line[] {
  const filled = table.columns
    .map((column, index) => ({ column, index, width: columnWidth(table, index) }))
    .filter(({ index }) => table.rows.some((row) => lineWidth(row[index] ?? []) > 0));
  const fits = totalWidth(filled.map((each) => each.width)) <= width;
  const used = fits ? filled : filled.filter(({ column }) => column.optional !== true);
  const widths = used.map((each) => each.width);
  shrink(
    widths,
    used.map(({ column }) => column),
    width,
  );

  const header = used.map(({ column }): Line => [span(column.title, "dim")]);
  const body = table.rows.map((row) => used.map(({ index }): Line => row[index] ?? []));
  return [header, ...body].map((cells) => {
    const spans = cells.flatMap((cell, at) => {
      const columnWidth = widths[at] ?? 0;
      const clipped = clipLine(cell, columnWidth, ellipsis);
      const space = span(" ".repeat(Math.max(0, columnWidth - lineWidth(clipped))));
      const gap: readonly Span[] = at === 0 ? [] : [span(" ".repeat(GAP))];
      return used[at]?.column.align === "right" ? [...gap, space, ...clipped] : [...gap, ...clipped, space];
    });
    return clipLine(withoutTrailingSpace(spans), width, ellipsis);
  });
}

function columnWidth(table: Table, index: number): number {
  return Math.max(
    textWidth(table.columns[index]?.title ?? ""),
    ...table.rows.map((row) => lineWidth(row[index] ?? [])),
  );
}

function totalWidth(widths: readonly number[]): number {
  return widths.reduce((sum, each) => sum + each, 0) + GAP * (widths.length - 1);
}

/** Takes columns away from the widest column that may shrink, until the table fits or nothing can. */
function shrink(widths: number[], columns: readonly TableColumn[], width: number): void {
  while (totalWidth(widths) > width) {
    let widest = -1;
    for (const [index, column] of columns.entries()) {
      const floor = Math.max(column.minWidth ?? 8, textWidth(column.title));
      if (column.shrinks !== true || (widths[index] ?? 0) <= floor) continue;
      if (widest === -1 || (widths[index] ?? 0) > (widths[widest] ?? 0)) widest = index;
    }
    if (widest === -1) return;
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
}

function withoutTrailingSpace(spans: readonly Span[]): Line {
  const kept = [...spans];
  while (kept.length > 0 && kept.at(-1)?.text.trim() === "") kept.pop();
  return kept;
}
