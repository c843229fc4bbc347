import { count } from "./count.ts";
import { describeCells } from "./describe-cells.ts";
import type { Axes, GridAxis } from "./grid/axis-label.ts";
import { line, span, type Line } from "./line.ts";
import { oneLine } from "./plain-text.ts";
import type { Symbols } from "./symbols.ts";
import { wrapText } from "./width.ts";

/** A cell, and something that is said of it. */
export interface ReasonedCell {
  readonly name: string;
  readonly axes: Axes;
  readonly rule: string;
  readonly reason: string;
  readonly source: string;
  /** Empty for what was read just now. */
  readonly asOf: string;
  /** The user's reason for setting it aside; missing where nobody did. */
  readonly override?: string;
}

export interface ReasonsOptions {
  readonly title: string;
  readonly cells: readonly ReasonedCell[];
  /** Cells that a summary of `cells` must not take in. */
  readonly others: readonly { readonly axes: Axes }[];
  readonly axes: readonly GridAxis[];
  readonly width: number;
  readonly symbols: Symbols;
}

/** Reasons of one rule that are told one by one; the rest is told together. */
const REASONS_MAX = 8;
/** This many cells are named; more are told by their axis values. */
const NAMED_MAX = 2;

/** Cells grouped by rule, source and reason, each group with what its cells have in common. */
export function renderReasons(options: ReasonsOptions): readonly Line[] {
  const { cells, title } = options;
  if (cells.length === 0) return [];
  const cellsIn = (list: readonly ReasonedCell[]): number => new Set(list.map((cell) => cell.name)).size;
  const lines: Line[] = [line(span(`${title}: ${count(cellsIn(cells), "cell")}`, "bold"))];
  for (const [rule, ofRule] of Map.groupBy(cells, (cell) => cell.rule)) {
    const groups = groupReasons(ofRule);
    lines.push(line("  ", span(oneLine(rule), "warn"), span(` (${count(cellsIn(ofRule), "cell")})`, "dim")));
    const told = groups.length <= REASONS_MAX + 1 ? groups : groups.slice(0, REASONS_MAX);
    for (const [source, ofSource] of Map.groupBy(told, ([first]) => sourceText(first))) {
      lines.push(...ofSource.flatMap((group) => renderGroup(group, options)));
      if (source !== "") lines.push(...paragraph(`source: ${source}`, options.width, "dim"));
    }
    const rest = groups.slice(told.length);
    if (rest.length === 0) continue;
    const left = count(cellsIn(rest.flat()), "cell");
    lines.push(
      ...paragraph(`and ${rest.length} more reasons, for ${left}: --explain CELL and --json have each`, options.width),
    );
  }
  return lines;
}

/** By reason, source, date and override; the largest group first. */
export function groupReasons<Cell extends Omit<ReasonedCell, "axes">>(
  cells: readonly Cell[],
): readonly (readonly [Cell, ...Cell[]])[] {
  const groups = Map.groupBy(cells, ({ rule, reason, source, asOf, override }) =>
    JSON.stringify([rule, reason, source, asOf, override]),
  );
  const filled = [...groups.values()].flatMap(([first, ...rest]) =>
    first === undefined ? [] : [[first, ...rest] as const],
  );
  return filled.toSorted((left, right) => right.length - left.length);
}

/** `torch 2.0.1 × CUDA 12.1 (12 cells)`; one or two cells by their names. */
export function whichCells(cells: readonly ReasonedCell[], options: Omit<ReasonsOptions, "title" | "cells">): string {
  if (cells.length <= NAMED_MAX) return cells.map((cell) => oneLine(cell.name)).join(", ");
  const said = describeCells(cells, options.others, options.axes, options.symbols.times);
  return `${oneLine(said.join("; "))} (${count(cells.length, "cell")})`;
}

/** `PyTorch's wheel index, 2026-08-22`. */
export function sourceText({ source, asOf }: { readonly source: string; readonly asOf: string }): string {
  return oneLine([source, asOf].filter((part) => part !== "").join(", "));
}

function renderGroup(cells: readonly [ReasonedCell, ...ReasonedCell[]], options: ReasonsOptions): readonly Line[] {
  const [first] = cells;
  return [
    ...paragraph(oneLine(first.reason), options.width),
    ...(first.override === undefined ? [] : paragraph(`override: ${oneLine(first.override)}`, options.width)),
    ...paragraph(whichCells(cells, options), options.width, "accent"),
  ];
}

/** Cells stand further in than reasons and their source, so that reasons stand apart. */
function paragraph(text: string, width: number, tone: "plain" | "dim" | "accent" = "plain"): readonly Line[] {
  const indent = tone === "accent" ? "      " : "    ";
  return wrapText(text, Math.max(20, width - indent.length)).map((part) => line(indent, span(part, tone)));
}
