import { clipLine, line, span, type Line, type Span, type Tone } from "./line.ts";
import type { Symbols } from "./symbols.ts";
import { foldText, textWidth, wrapText } from "./width.ts";

/** Where the text of a field begins. */
const LABEL_COLUMNS = 14;

/** A name and what belongs to it, on lines that begin in one column: `  policy    manylinux_2_17_x86_64`. */
export function field(label: string, content: readonly Line[], width: number, { ellipsis }: Symbols): readonly Line[] {
  return content.map((spans, index) => {
    const head = `  ${index === 0 ? label : ""}`.padEnd(LABEL_COLUMNS);
    return clipLine([span(head, "dim"), ...spans], width, ellipsis);
  });
}

/** A field of plain text, broken at spaces. */
export function textField(label: string, text: string, width: number, symbols: Symbols): readonly Line[] {
  return field(
    label,
    wrapText(text, fieldWidth(width)).map((part) => line(part)),
    width,
    symbols,
  );
}

/** Text behind a head, on as many lines as it takes; all begin in one column. */
export function folded(head: Span, text: string, tone: Tone, width: number): readonly Line[] {
  const indent = textWidth(head.text);
  return foldText(text, Math.max(8, width - indent)).map((piece, index) => [
    index === 0 ? head : span(" ".repeat(indent)),
    span(piece, tone),
  ]);
}

/** The first `most` of a list, each as the lines that `show` makes, and how many more there are of `total`. */
export function listField<T>(
  list: readonly T[],
  { total, most, show }: { readonly total: number; readonly most: number; readonly show: (item: T) => readonly Line[] },
): readonly Line[] {
  const shown = list.slice(0, most);
  const more = total - shown.length;
  return [...shown.flatMap(show), ...(more > 0 ? [line(moreSpan(more, list.length < total))] : [])];
}

function moreSpan(more: number, isCut: boolean): Span {
  return span(`and ${more} more${isCut ? "" : "; --json has them"}`, "dim");
}

/** Columns that the text of a field has. */
export function fieldWidth(width: number): number {
  return Math.max(8, width - LABEL_COLUMNS);
}
