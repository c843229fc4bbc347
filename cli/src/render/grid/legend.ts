import { span, type Line, type Span } from "../line.ts";
import { textWidth } from "../width.ts";
import type { CellMark, GridCell } from "./grid-cell.ts";

const GAP = 3;

/** What the marks of these cells mean, and how many there are of each; only the marks that are used. */
export function legendOf(cells: readonly GridCell[], width: number): readonly Line[] {
  const counts = new Map<CellMark, number>();
  for (const { state } of cells) counts.set(state, (counts.get(state) ?? 0) + 1);
  const entries = [...counts].toSorted(([left], [right]) => right.rank - left.rank);
  const lines: Span[][] = [];
  let room = 0;
  for (const [{ mark, word, tone }, many] of entries) {
    const text = `${mark} ${many} ${word}`;
    const needed = textWidth(text) + GAP;
    const last = lines.at(-1);
    if (last === undefined || needed > room) {
      lines.push([span(text, tone)]);
      room = width - textWidth(text);
    } else {
      last.push(span(" ".repeat(GAP)), span(text, tone));
      room -= needed;
    }
  }
  return lines;
}
