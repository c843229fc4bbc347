/** What the dummy executor is told to do. */
export type DummyAction =
  | { readonly kind: "pass" }
  | { readonly kind: "fail" }
  | { readonly kind: "hang" }
  /** Writes that many bytes, then passes. */
  | { readonly kind: "flood"; readonly bytes: number }
  /** Writes that many numbered lines, then passes. */
  | { readonly kind: "lines"; readonly count: number }
  /** A build keeps a wheel of that many bytes, the same every time; other jobs pass. */
  | { readonly kind: "upload"; readonly bytes: number }
  /** The agent's process ends at once, as if killed. */
  | { readonly kind: "die" };

export interface DummyScript {
  readonly action: DummyAction;
  /** Waited before the action. */
  readonly afterMs: number;
}

export const DUMMY_GRAMMAR =
  "pass | fail | hang | flood BYTES | lines N | upload BYTES | die, optionally followed by: after MS";

/** Parses an instruction, or returns null when the text is none. */
export function parseDummyScript(text: string): DummyScript | null {
  const match = /^\s*(?:(pass|fail|hang|die)|(flood|lines|upload)\s+(\d{1,12}))(?:\s+after\s+(\d{1,9}))?\s*$/.exec(
    text,
  );
  if (!match) return null;
  const [, plain, counted, amount, after] = match;
  return { action: dummyAction(plain, counted, Number(amount)), afterMs: Number(after ?? 0) };
}

function dummyAction(plain: string | undefined, counted: string | undefined, amount: number): DummyAction {
  if (counted === "flood") return { kind: "flood", bytes: amount };
  if (counted === "upload") return { kind: "upload", bytes: amount };
  if (counted === "lines") return { kind: "lines", count: amount };
  return { kind: plain as "pass" | "fail" | "hang" | "die" };
}

/** The n-th line of `lines N`, from 1: always 14 bytes, the newline included, up to 99,999,999. */
export function dummyLine(n: number): string {
  return `line ${String(n).padStart(8, "0")}\n`;
}
