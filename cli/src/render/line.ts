import { clipText, textWidth } from "./width.ts";

export type Tone = "plain" | "bold" | "dim" | "good" | "bad" | "warn" | "accent";

/** A piece of a line: text without escape sequences, and what it is meant to look like. */
export interface Span {
  readonly text: string;
  readonly tone: Tone;
}

/** One line of output. Renderers make these; only `toText` knows of escape sequences. */
export type Line = readonly Span[];

const SGR: Record<Tone, readonly [number, number] | null> = {
  plain: null,
  bold: [1, 22],
  dim: [2, 22],
  good: [32, 39],
  bad: [31, 39],
  warn: [33, 39],
  accent: [36, 39],
};

export function span(text: string, tone: Tone = "plain"): Span {
  return { text, tone };
}

/** A line of spans; plain strings are spans without a tone. */
export function line(...parts: readonly (string | Span)[]): Line {
  return parts.map((part) => (typeof part === "string" ? span(part) : part));
}

/** Columns that a line takes on a terminal. */
export function lineWidth(spans: Line): number {
  return spans.reduce((sum, part) => sum + textWidth(part.text), 0);
}

/** The line, cut so that it takes at most `width` columns. */
export function clipLine(spans: Line, width: number, ellipsis: string): Line {
  if (lineWidth(spans) <= width) return spans;
  const kept: Span[] = [];
  let room = width;
  for (const part of spans) {
    const partWidth = textWidth(part.text);
    if (partWidth < room) {
      kept.push(part);
      room -= partWidth;
      continue;
    }
    // This part fills or overruns the room while more may follow: it carries the mark of the cut.
    kept.push(span(clipText(`${part.text}${" ".repeat(room + 1)}`, room, ellipsis), part.tone));
    break;
  }
  return kept;
}

/** The line as text, with colours or without. */
export function toText(spans: Line, colour: boolean): string {
  return spans
    .map(({ text, tone }) => {
      const sgr = SGR[tone];
      return colour && sgr !== null && text !== "" ? `\u001b[${sgr[0]}m${text}\u001b[${sgr[1]}m` : text;
    })
    .join("")
    .trimEnd();
}
