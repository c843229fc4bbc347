/** Marks that stand beside a word, or above a legend that has the words: never alone. */
export interface Symbols {
  readonly good: string;
  readonly bad: string;
  readonly warn: string;
  readonly active: string;
  readonly waiting: string;
  readonly none: string;
  /** A cell whose jobs go first. */
  readonly touchstone: string;
  /** A cell of which nobody can tell whether it is possible. */
  readonly unknown: string;
  /** A possible cell that others stand for. */
  readonly reduced: string;
  /** Cancelled, or left out because of something else. */
  readonly notRun: string;
  /** Between axis values that are meant together. */
  readonly times: string;
  readonly ellipsis: string;
}

export const UNICODE_SYMBOLS: Symbols = {
  good: "✓",
  bad: "✗",
  warn: "!",
  active: "●",
  waiting: "·",
  none: "–",
  touchstone: "★",
  unknown: "?",
  reduced: "○",
  notRun: "/",
  times: "×",
  ellipsis: "…",
};

export const ASCII_SYMBOLS: Symbols = {
  good: "+",
  bad: "x",
  warn: "!",
  active: "*",
  waiting: ".",
  none: "-",
  touchstone: "#",
  unknown: "?",
  reduced: "o",
  notRun: "/",
  times: "x",
  ellipsis: "~",
};
