import type { Tone } from "../line.ts";
import type { Axes } from "./axis-label.ts";

/** What a grid says of a cell. Cells in the same state share one object. */
export interface CellMark {
  readonly mark: string;
  readonly word: string;
  /** For narrow terminals. */
  readonly short: string;
  readonly tone: Tone;
  /** Of several cells in one place of the grid, the mark of the highest rank is shown. */
  readonly rank: number;
  /** What counts as the same where several cells share a place: all planned cells, however they are marked. */
  readonly counted: string;
}

export interface GridCell {
  readonly axes: Axes;
  readonly state: CellMark;
}
