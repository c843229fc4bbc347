import { line, span, type Line, type Tone } from "./line.ts";
import { oneLine } from "./plain-text.ts";
import type { Symbols } from "./symbols.ts";
import { wrapText } from "./width.ts";

export type CheckState =
  | "ok"
  /** Kiln works, with less than it could have. */
  | "warning"
  /** Kiln cannot work. */
  | "failed"
  /** Not needed, or not possible to tell. */
  | "skipped";

/** One thing that was looked at. */
export interface Check {
  readonly name: string;
  readonly state: CheckState;
  /** What was found. */
  readonly found: string;
  /** What to do; empty when nothing is. */
  readonly fix: string;
}

const TONES: Record<CheckState, Tone> = { ok: "good", warning: "warn", failed: "bad", skipped: "dim" };

/** The checks, each with a mark and its word, and a fix where one is needed. */
export function renderChecklist(checks: readonly Check[], width: number, symbols: Symbols): readonly Line[] {
  const marks: Record<CheckState, string> = {
    ok: symbols.good,
    warning: symbols.warn,
    failed: symbols.bad,
    skipped: symbols.none,
  };
  const nameWidth = Math.max(...checks.map((check) => check.name.length));
  const indent = " ".repeat(`x ${"warning".padEnd(7)}  `.length + nameWidth + 2);
  return checks.flatMap(({ name, state, found, fix }) => {
    const [first = "", ...rest] = wrapText(oneLine(found), Math.max(24, width - indent.length));
    const fixLines = fix === "" ? [] : wrapText(`Fix: ${oneLine(fix)}`, Math.max(24, width - indent.length));
    return [
      line(
        span(`${marks[state]} ${state.padEnd(7)}`, TONES[state]),
        "  ",
        span(name.padEnd(nameWidth), "bold"),
        "  ",
        first,
      ),
      ...[...rest, ...fixLines].map((text) => line(indent, text)),
    ];
  });
}
