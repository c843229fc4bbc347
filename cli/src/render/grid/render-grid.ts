import { clipLine, line, span, type Line, type Span } from "../line.ts";
import { oneLine } from "../plain-text.ts";
import type { Symbols } from "../symbols.ts";
import { clipText, padText, textWidth, wrapText } from "../width.ts";
import { bareLabel, valueLabel, valuesLabel, type GridAxis } from "./axis-label.ts";
import { chooseLayout, type ChosenLayout } from "./choose-layout.ts";
import type { CellMark, GridCell } from "./grid-cell.ts";
import { leading, type ArrangedGrid, type GridBlock, type Slot } from "./layout.ts";
import { legendOf } from "./legend.ts";

export interface GridOptions {
  readonly axes: readonly GridAxis[];
  /** Most columns of a line. */
  readonly width: number;
  readonly symbols: Symbols;
  /** `words`: where they fit, beside the marks; `marks`: with a legend. */
  readonly style: "words" | "marks";
}

/** Cells for which a word each is easier to read than a legend. */
const WORDS_CELLS_MAX = 40;
const GAP = 2;
/** Between columns of marks, where more axes then fit across. */
const GAP_MIN = 1;

type TextOf = (state: CellMark) => string;

/** The cells as a grid; no line is wider than the terminal. Empty when there are no cells. */
export function renderGrid(cells: readonly GridCell[], options: GridOptions): readonly Line[] {
  if (cells.length === 0) return [];
  const { axes, width, symbols, style } = options;
  if (style === "words" && cells.length <= WORDS_CELLS_MAX) {
    for (const text of [whole, brief]) {
      const chosen = chooseLayout(cells, axes, (grid) => measure(grid, text, GAP).total <= width);
      const measured = measure(chosen.grid, text, GAP);
      if (measured.total <= width) return draw(chosen, measured, text, options);
    }
  }
  const roomy = (grid: ArrangedGrid): Measured => {
    const measured = measure(grid, mark, GAP);
    return measured.total <= width ? measured : measure(grid, mark, GAP_MIN);
  };
  const chosen = chooseLayout(cells, axes, (grid) => roomy(grid).total <= width);
  const lines = draw(chosen, roomy(chosen.grid), mark, options);
  return [...lines, [], ...legendOf(cells, width)].map((each) => clipLine(each, width, symbols.ellipsis));
}

const whole: TextOf = ({ mark, word }) => `${mark} ${word}`;
const brief: TextOf = ({ mark, short }) => `${mark} ${short}`.trim();
const mark: TextOf = (state) => state.mark;

interface Measured {
  /** Columns of each label of a row. */
  readonly labels: readonly number[];
  readonly labelsWidth: number;
  /** Columns of one column of cells, with the gap before it. */
  readonly each: number;
  readonly gap: number;
  /** Columns of the whole grid. */
  readonly total: number;
}

function measure({ layout, columns, blocks }: ArrangedGrid, text: TextOf, gap: number): Measured {
  const indent = layout.heading === null ? 0 : GAP;
  const rows = blocks.flatMap((block) => block.rows);
  const labels = layout.rows.map(({ name }, at) =>
    rows.reduce((most, { values }) => Math.max(most, textWidth(valueLabel(name, values[at] ?? ""))), 0),
  );
  const leaf = layout.columns.at(-1);
  let cell = 1;
  for (const values of columns) cell = Math.max(cell, textWidth(bareLabel(leaf?.name ?? "", values.at(-1) ?? "")));
  for (const { slots } of rows)
    for (const slot of slots.values()) cell = Math.max(cell, textWidth(slotText(slot, text)));
  // A heading over a group of columns must have room above them.
  let each = cell + gap;
  for (const group of groupsOf(layout.columns, columns)) {
    each = Math.max(each, Math.ceil((textWidth(group.label) + gap) / group.span));
  }
  const names = layout.columns.map(({ name }) => textWidth(oneLine(name)));
  const labelsWidth = Math.max(indent + labels.reduce((sum, width) => sum + width + GAP, -GAP), ...names);
  return { labels, labelsWidth, each, gap, total: labelsWidth + sum(columnWidths(columns, each)) };
}

/** Columns of every column with the gap before it, which is wider where a new group begins. */
function columnWidths(columns: readonly (readonly string[])[], each: number): readonly number[] {
  return columns.map((values, index) => {
    const before = columns[index - 1];
    const begins = before !== undefined && values.slice(0, -1).join("\n") !== before.slice(0, -1).join("\n");
    return begins ? each + GAP : each;
  });
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

interface ColumnGroup {
  /** Index of the axis in `Layout.columns`. */
  readonly level: number;
  readonly label: string;
  readonly from: number;
  readonly span: number;
}

/** What stands above the columns: for every axis but the last, runs of columns with the same values so far. */
function groupsOf(axes: readonly GridAxis[], columns: readonly (readonly string[])[]): readonly ColumnGroup[] {
  return axes.slice(0, -1).flatMap(({ name }, level) => {
    const groups: { level: number; label: string; key: string; from: number; span: number }[] = [];
    for (const [index, values] of columns.entries()) {
      const key = values.slice(0, level + 1).join("\n");
      const last = groups.at(-1);
      if (last?.key === key) last.span += 1;
      else groups.push({ level, key, label: valueLabel(name, values[level] ?? ""), from: index, span: 1 });
    }
    return groups;
  });
}

function draw(chosen: ChosenLayout, measured: Measured, text: TextOf, options: GridOptions): readonly Line[] {
  const { width, symbols } = options;
  const { grid } = chosen;
  const labelsWidth = Math.min(measured.labelsWidth, Math.max(8, width - measured.each));
  const parts = partsOf(grid.columns, measured.each, width - labelsWidth);
  const lines: Line[] = [...captions(chosen, options)];
  for (const { from, to } of parts) {
    if (from > 0) lines.push([]);
    const part = { from, to, labelsWidth, each: measured.each, gap: measured.gap };
    lines.push(...header(grid, part));
    for (const block of grid.blocks)
      lines.push(...drawBlock(grid, block, { ...part, labels: measured.labels, text, width, symbols }));
  }
  return lines;
}

/** The columns in parts that are drawn below each other, as many in each as fit. */
function partsOf(
  columns: readonly (readonly string[])[],
  each: number,
  room: number,
): readonly { readonly from: number; readonly to: number }[] {
  const parts: { from: number; to: number }[] = [];
  for (const index of columns.keys()) {
    const last = parts.at(-1);
    if (last !== undefined && sum(columnWidths(columns.slice(last.from, index + 1), each)) <= room) last.to = index + 1;
    else parts.push({ from: index, to: index + 1 });
  }
  return parts;
}

interface Part {
  readonly from: number;
  readonly to: number;
  readonly labelsWidth: number;
  readonly each: number;
  readonly gap: number;
}

function header({ layout, columns }: ArrangedGrid, { from, to, labelsWidth, each, gap }: Part): readonly Line[] {
  const shown = columns.slice(from, to);
  const widths = columnWidths(shown, each);
  const groups = groupsOf(layout.columns, shown);
  return layout.columns.map(({ name }, level): Line => {
    const last = level === layout.columns.length - 1;
    const texts = last
      ? shown.map((values, index) => ({ label: bareLabel(name, values.at(-1) ?? ""), from: index, span: 1 }))
      : groups.filter((group) => group.level === level);
    // Names of releases say themselves what they are; bare numbers do not.
    const corner = last ? oneLine(name) : "";
    return [
      span(padText(corner, labelsWidth), "dim"),
      ...texts.map(({ label, from: first, span: many }) => {
        const before = gap + (widths[first] ?? each) - each;
        const room = sum(widths.slice(first, first + many)) - before;
        return span(" ".repeat(before) + padText(label, room), last ? "dim" : "bold");
      }),
    ];
  });
}

function drawBlock(
  { layout, columns }: ArrangedGrid,
  block: GridBlock,
  options: Part & {
    readonly labels: readonly number[];
    readonly text: TextOf;
    readonly width: number;
    readonly symbols: Symbols;
  },
): readonly Line[] {
  const { from, to, labelsWidth, each, gap, labels, text, width, symbols } = options;
  const widths = columnWidths(columns.slice(from, to), each);
  const { heading } = layout;
  const headings =
    heading === null
      ? []
      : wrapText(valuesLabel(heading, block.headings), width).map((part): Line => line(span(part, "bold")));
  const indent = heading === null ? "" : " ".repeat(GAP);
  let above: readonly string[] = [];
  const rows = block.rows.map(({ values, slots }): Line => {
    const repeats = values.map(
      (value, at) =>
        at < values.length - 1 &&
        above.slice(0, at + 1).join("\n") === values.slice(0, at + 1).join("\n") &&
        value === above[at],
    );
    above = values;
    const label = layout.rows
      .map(({ name }, at) =>
        padText(repeats[at] === true ? "" : valueLabel(name, values[at] ?? ""), (labels[at] ?? 0) + GAP),
      )
      .join("");
    const spans: Span[] = [];
    for (let column = from; column < to; column += 1) {
      const slot = slots.get(column);
      const shown = slot === undefined ? "" : slotText(slot, text);
      const before = gap + (widths[column - from] ?? each) - each;
      spans.push(
        span(" ".repeat(before) + padText(shown, each - gap), slot === undefined ? "plain" : leading(slot).tone),
      );
    }
    return [span(padText(clipText((indent + label).trimEnd(), labelsWidth, symbols.ellipsis), labelsWidth)), ...spans];
  });
  return [...headings, ...rows];
}

function slotText(slot: Slot, text: TextOf): string {
  const best = leading(slot);
  if (slot.size === 1) return text(best);
  let all = 0;
  let same = 0;
  for (const [state, many] of slot) {
    all += many;
    if (state.counted === best.counted) same += many;
  }
  return same === all ? best.mark : `${best.mark} ${same}/${all}`;
}

/** What the grid does not show, in words. */
function captions({ grid, constant, alike }: ChosenLayout, { width, axes, symbols }: GridOptions): readonly Line[] {
  const said = (list: readonly GridAxis[]): string => list.map((axis) => valuesLabel(axis, axis.values)).join("; ");
  const counted = grid.layout.folded.filter((axis) => !alike.includes(axis));
  const many = alike.reduce((product, { values }) => product * values.length, 1);
  const texts = [
    constant.length === 0 || axes.length < 3 ? "" : `Every cell: ${said(constant)}.`,
    alike.length === 0 ? "" : `Each mark stands for ${many} cells alike: ${said(alike)}.`,
    counted.length === 0
      ? ""
      : `Each place stands for several cells: ${said(counted)}. ${symbols.good} 3/4: 3 of 4 are so; a mark alone: all are.`,
  ];
  const lines = texts
    .filter((text) => text !== "")
    .flatMap((text) => wrapText(text, width).map((part) => line(span(part, "dim"))));
  return lines.length === 0 ? [] : [...lines, []];
}
