import { createRequire } from "node:module";
import type stringWidth from "string-width";

interface StringWidth {
  readonly default: typeof stringWidth;
}

/** Text of which every character takes one column: ASCII, and the CLI's own symbols. */
const NARROW = /^[\x20-\x7e✓✗●·–★○×≥…]*$/;

const require = createRequire(import.meta.url);
let measure: typeof stringWidth | null = null;

/** Columns that text takes on a terminal. */
export function textWidth(text: string): number {
  if (NARROW.test(text)) return text.length;
  // Loaded where it is needed: most output never does, and it costs a fifth of a command's start.
  measure ??= (require("string-width") as StringWidth).default;
  return measure(text);
}

/** The text, cut at a whole character so that it takes at most `width` columns. */
export function clipText(text: string, width: number, ellipsis: string): string {
  if (textWidth(text) <= width) return text;
  if (width <= 0) return "";
  const segmenter = new Intl.Segmenter(undefined, { granularity: "grapheme" });
  let kept = "";
  let room = width - textWidth(ellipsis);
  for (const { segment } of segmenter.segment(text)) {
    room -= textWidth(segment);
    if (room < 0) break;
    kept += segment;
  }
  return `${kept.trimEnd()}${ellipsis}`;
}

/** The text with spaces after it, up to `width` columns. */
export function padText(text: string, width: number): string {
  return text + " ".repeat(Math.max(0, width - textWidth(text)));
}

/** The text in pieces of at most `width` columns, broken between any two characters: nothing of it is changed. */
export function foldText(text: string, width: number): readonly string[] {
  if (textWidth(text) <= width) return [text];
  const pieces: string[] = [];
  let piece = "";
  let room = width;
  for (const { segment } of new Intl.Segmenter(undefined, { granularity: "grapheme" }).segment(text)) {
    const columns = textWidth(segment);
    if (columns > room && piece !== "") {
      pieces.push(piece);
      piece = "";
      room = width;
    }
    piece += segment;
    room -= columns;
  }
  return [...pieces, piece];
}

/** The text broken at spaces into lines of at most `width` columns; longer words stay whole. */
export function wrapText(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let current = "";
  for (const word of text.split(/\s+/).filter((part) => part !== "")) {
    if (current !== "" && textWidth(current) + 1 + textWidth(word) > width) {
      lines.push(current);
      current = word;
    } else {
      current = current === "" ? word : `${current} ${word}`;
    }
  }
  if (current !== "") lines.push(current);
  return lines;
}
