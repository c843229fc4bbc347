import type { TestCase, TestReport } from "@kiln/proto";
import { count } from "./count.ts";
import { duration } from "./duration.ts";
import { field, fieldWidth, folded, listField, textField } from "./field.ts";
import { line, lineWidth, span, type Line, type Span } from "./line.ts";
import { oneLine, plainText } from "./plain-text.ts";
import type { Symbols } from "./symbols.ts";

const FAILURES_MAX = 20;
const FLAKY_MAX = 10;
/** Lines of a failure's message that are shown; it has at most 2 KiB. */
const MESSAGE_LINES_MAX = 8;
const REASONS_MAX = 10;
const SLOWEST_MAX = 5;

/** What a test command's own reports say. */
export function renderTestReport(report: TestReport, width: number, symbols: Symbols): readonly Line[] {
  const failures = report.failures.filter(({ outcome }) => outcome !== "flaky");
  const flaky = report.failures.filter(({ outcome }) => outcome === "flaky");
  const cases = (list: readonly TestCase[], total: number, most: number): readonly Line[] =>
    listField(list, { total, most, show: (each) => renderCase(each, fieldWidth(width), symbols) });
  const slowest = report.slowest.slice(0, SLOWEST_MAX);
  return [
    ...field("tests", countsLines(report, fieldWidth(width)), width, symbols),
    ...field("failed", cases(failures, report.failed + report.errors, FAILURES_MAX), width, symbols),
    ...field("flaky", cases(flaky, report.flaky, FLAKY_MAX), width, symbols),
    ...field("skipped", skipLines(report, fieldWidth(width)), width, symbols),
    ...field(
      "slowest",
      slowest.flatMap(({ durationMs, name }) =>
        folded(span(`${duration(durationMs).padStart(8)}  `, "dim"), oneLine(name), "plain", fieldWidth(width)),
      ),
      width,
      symbols,
    ),
    ...(report.coverage === null ? [] : textField("coverage", coverageText(report.coverage), width, symbols)),
  ];
}

function countsLines(report: TestReport, width: number): readonly Line[] {
  const { tests, passed, failed, errors, skipped, flaky, durationMs } = report;
  const part = (many: number, word: string, tone: Span["tone"]): readonly Span[] =>
    many === 0 ? [] : [span(`${many} ${word}`, tone)];
  const parts = [
    ...part(passed, "passed", "good"),
    ...part(failed, "failed", "bad"),
    ...part(errors, errors === 1 ? "error" : "errors", "bad"),
    ...part(flaky, "flaky", "warn"),
    ...part(skipped, "skipped", "plain"),
  ];
  const outcomes = parts.flatMap((each, index) => [...(index === 0 ? [] : [span(", ")]), each]);
  const total = [span(count(tests, "test")), span(` in ${duration(durationMs)}`, "dim")];
  const whole = [...total, ...(outcomes.length === 0 ? [] : [span(": ")]), ...outcomes];
  return lineWidth(whole) <= width ? [whole] : [total, outcomes];
}

/** Its name and place, on one line where they fit, and what it said. */
function renderCase(
  { name, outcome, place, message, durationMs }: TestCase,
  width: number,
  symbols: Symbols,
): readonly Line[] {
  const isFlaky = outcome === "flaky";
  const tone = isFlaky ? "warn" : "bad";
  const word = outcome === "error" ? " (error)" : "";
  const title = folded(span(`${isFlaky ? symbols.warn : symbols.bad} `, tone), `${oneLine(name)}${word}`, tone, width);
  const facts: readonly Span[] = [
    span(duration(durationMs), "dim"),
    ...(place === "" ? [] : [span("  "), span(oneLine(place), "accent")]),
  ];
  const beside = [...(title.at(-1) ?? []), span("  "), ...facts];
  const said = plainText(message).trimEnd().split("\n");
  const lines = said.length === 1 && said[0] === "" ? [] : said;
  const more = lines.length - MESSAGE_LINES_MAX;
  return [
    ...(lineWidth(beside) <= width ? [...title.slice(0, -1), beside] : [...title, [span("  "), ...facts]]),
    ...lines.slice(0, MESSAGE_LINES_MAX).flatMap((text) => folded(span("  | ", "dim"), text.trimEnd(), "plain", width)),
    ...(more > 0 ? [line(span(`  | and ${count(more, "more line", "more lines")}`, "dim"))] : []),
  ];
}

/** Skips by reason, the most frequent first. */
function skipLines({ skips, skipped }: TestReport, width: number): readonly Line[] {
  const byReason = [...Map.groupBy(skips, ({ message }) => oneLine(message))]
    .map(([reason, those]) => ({ reason, many: those.length }))
    .sort((a, b) => b.many - a.many);
  const shown = byReason.slice(0, REASONS_MAX);
  const rest = skipped - shown.reduce((sum, { many }) => sum + many, 0);
  return [
    ...shown.flatMap(({ reason, many }) => {
      const head = span(`${String(many).padStart(4)}  `);
      return reason === "" ? [line(head, span("without a reason", "warn"))] : folded(head, reason, "plain", width);
    }),
    ...(rest > 0 ? [line(span(`${String(rest).padStart(4)}  for other reasons`, "dim"))] : []),
  ];
}

function coverageText({ lines, linesCovered, branches, branchesCovered }: NonNullable<TestReport["coverage"]>): string {
  const share = (part: number, whole: number): string =>
    whole === 0 ? "none to cover" : `${((100 * part) / whole).toFixed(1)} % (${part} of ${whole})`;
  return `lines ${share(linesCovered, lines)}${branches === 0 ? "" : `, branches ${share(branchesCovered, branches)}`}`;
}
