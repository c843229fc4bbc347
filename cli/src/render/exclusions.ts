import { count } from "./count.ts";
import { line, span, type Line } from "./line.ts";
import { oneLine } from "./plain-text.ts";
import { wrapText } from "./width.ts";

export interface ExcludedLike {
  readonly name: string;
  readonly rule: string;
  readonly reason: string;
  readonly source: string;
}

const INDENT = "    ";

/** The excluded cells, grouped by rule and reason, each group with its source. */
export function renderExclusions(excluded: readonly ExcludedLike[], width: number): readonly Line[] {
  if (excluded.length === 0) return [];
  const groups = Map.groupBy(excluded, ({ rule, reason, source }) => JSON.stringify([rule, reason, source]));
  const lines: Line[] = [line(span(`Excluded: ${count(excluded.length, "cell")}`, "bold"))];
  const room = Math.max(20, width - INDENT.length);
  for (const cells of groups.values()) {
    const [first] = cells;
    if (first === undefined) continue;
    lines.push(line("  ", span(oneLine(first.rule), "warn"), span(` (${count(cells.length, "cell")})`, "dim")));
    const source = first.source === "" ? "" : `source: ${oneLine(first.source)}`;
    lines.push(...wrapText(oneLine(first.reason), room).map((text) => line(INDENT, text)));
    lines.push(...wrapText(cells.map((cell) => cell.name).join(", "), room).map((text) => line(INDENT, text)));
    lines.push(...wrapText(source, room).map((text) => line(INDENT, span(text, "dim"))));
  }
  return lines;
}
