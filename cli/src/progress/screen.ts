import type { TextStream } from "../program/output.ts";
import { lineWidth, type Line } from "../render/line.ts";

const ESC = "\u001b[";
const HIDE_CURSOR = `${ESC}?25l`;
const SHOW_CURSOR = `${ESC}?25h`;
/** Synchronized output: terminals that know it show a frame at once, the others ignore it. */
const BEGIN_FRAME = `${ESC}?2026h`;
const END_FRAME = `${ESC}?2026l`;

/**
 * A block of lines at the end of a terminal that is drawn again in place. A
 * frame is one write, and a line is overwritten before its rest is erased, so
 * that nothing flickers.
 */
export class Screen {
  readonly #stream: TextStream;
  readonly #paint: (line: Line) => string;
  /** Widths of the lines that are on the screen. */
  #widths: readonly number[] = [];
  #drawn = "";
  #columns = 0;

  constructor(stream: TextStream, paint: (line: Line) => string) {
    this.#stream = stream;
    this.#paint = paint;
  }

  /** Replaces the block. No line may be wider than the terminal. */
  draw(lines: readonly Line[]): void {
    const columns = this.#stream.columns ?? 80;
    const text = lines.map((line) => `${this.#paint(line)}${ESC}K\n`).join("");
    if (text === this.#drawn && columns === this.#columns) return;
    this.#stream.write(`${BEGIN_FRAME}${HIDE_CURSOR}${this.#toTop(columns)}${text}${ESC}J${END_FRAME}`);
    this.#drawn = text;
    this.#columns = columns;
    this.#widths = lines.map(lineWidth);
  }

  /** Removes the block and gives the cursor back; what is written next stands where the block was. */
  clear(): void {
    if (this.#columns === 0) return;
    this.#stream.write(`${this.#toTop(this.#stream.columns ?? 80)}${ESC}J${SHOW_CURSOR}`);
    this.#widths = [];
    this.#drawn = "";
    this.#columns = 0;
  }

  /** Leaves the block as it is and gives the cursor back. */
  release(): void {
    if (this.#columns === 0) return;
    this.#stream.write(SHOW_CURSOR);
    this.#columns = 0;
    this.#widths = [];
    this.#drawn = "";
  }

  /** To the first column of the block's first line; a terminal that became narrower has broken its lines. */
  #toTop(columns: number): string {
    const rows = this.#widths.reduce((sum, width) => sum + Math.max(1, Math.ceil(width / columns)), 0);
    return rows === 0 ? "\r" : `\r${ESC}${rows}A`;
  }
}
