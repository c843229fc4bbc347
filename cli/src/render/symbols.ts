/** Marks that stand beside a word, never alone for it. */
export interface Symbols {
  readonly good: string;
  readonly bad: string;
  readonly warn: string;
  readonly active: string;
  readonly waiting: string;
  readonly none: string;
  readonly ellipsis: string;
}

export const UNICODE_SYMBOLS: Symbols = {
  good: "✓",
  bad: "✗",
  warn: "!",
  active: "●",
  waiting: "·",
  none: "–",
  ellipsis: "…",
};

export const ASCII_SYMBOLS: Symbols = {
  good: "+",
  bad: "x",
  warn: "!",
  active: "*",
  waiting: ".",
  none: "-",
  ellipsis: "~",
};
