import { compilerErrors, lastTraceback, pytestFailures, pytestSummary, unittestFailures } from "./failure-patterns.ts";
import { fitLines, logLines, utf8Length } from "./log-text.ts";
import type { Outcome } from "./outcome.ts";

/** Most bytes of an excerpt, in UTF-8. */
export const EXCERPT_BYTES_MAX = 4 * 1024;

/** How much of it pytest's summary may take, so that the failures themselves have room. */
const SUMMARY_BYTES_MAX = 1_400;
const LAST_LINES_MAX = 40;

/**
 * The part of a log that a person needs to see why an attempt ended as it did,
 * at most EXCERPT_BYTES_MAX bytes. `logTail` is the end of the log, decoded.
 * Empty when the attempt passed.
 */
export function excerpt(logTail: string, outcome: Outcome): string {
  if (outcome === "passed") return "";
  const lines = logLines(logTail);
  const found =
    outcome === "tests-failed" ? testFailure(lines) : outcome === "build-failed" ? buildFailure(lines) : null;
  return (found ?? fitLines(lines.slice(-LAST_LINES_MAX), EXCERPT_BYTES_MAX, "end")).join("\n").toWellFormed();
}

function testFailure(lines: readonly string[]): string[] | null {
  const failures = pytestFailures(lines);
  const summary = pytestSummary(lines);
  if (failures.length + summary.length > 0) {
    const end = fitLines(summary, SUMMARY_BYTES_MAX, "start");
    const left = EXCERPT_BYTES_MAX - utf8Length(end.join("\n")) - 1;
    return [...fitLines(failures, left, "start"), ...end];
  }
  const unittest = unittestFailures(lines);
  if (unittest.length > 0) return fitLines(unittest, EXCERPT_BYTES_MAX, "start");
  const traceback = lastTraceback(lines);
  return traceback.length > 0 ? fitLines(traceback, EXCERPT_BYTES_MAX, "end") : null;
}

function buildFailure(lines: readonly string[]): string[] | null {
  const errors = compilerErrors(lines);
  if (errors.length > 0) return fitLines(errors, EXCERPT_BYTES_MAX, "start");
  const traceback = lastTraceback(lines);
  return traceback.length > 0 ? fitLines(traceback, EXCERPT_BYTES_MAX, "end") : null;
}
