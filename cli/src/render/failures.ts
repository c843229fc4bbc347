import type { JobSummary, JobView } from "@kiln/proto";
import { count } from "./count.ts";
import { line, span, type Line } from "./line.ts";
import { oneLine, plainText } from "./plain-text.ts";
import type { Symbols } from "./symbols.ts";
import { wrapText } from "./width.ts";

/** Lines of an excerpt that are shown; it has at most 4 KiB. */
const EXCERPT_LINES_MAX = 40;
const INDENT = "  ";

/** Failed jobs, each with its outcome, one sentence, and the part of the log that explains it. */
export function renderFailures(
  failed: readonly { readonly job: JobSummary; readonly detail: JobView | null }[],
  width: number,
  symbols: Symbols,
): readonly Line[] {
  if (failed.length === 0) return [];
  const lines: Line[] = [line(span(`Failed: ${count(failed.length, "job")}`, "bold"))];
  for (const { job, detail } of failed) {
    const last = detail?.history.at(-1);
    const where = [
      job.attempts > 1 ? `attempt ${job.attempts}` : "",
      job.agentName === null ? "" : `on ${oneLine(job.agentName)}`,
      job.tests === null ? "" : `${job.tests.failed} of ${job.tests.tests} tests failed`,
      job.pythonVersion === "" ? "" : `Python ${oneLine(job.pythonVersion)}`,
    ];
    const outcome = span(`${symbols.bad} ${job.name}  ${job.outcome ?? ""}`, "bad");
    lines.push([], line(outcome, span(`  ${where.filter((part) => part !== "").join(", ")}`, "dim")));
    lines.push(
      ...wrapText(oneLine(last?.summary || job.summary), width - INDENT.length).map((text) => line(INDENT, text)),
    );
    lines.push(...renderExcerpt(last?.excerpt ?? ""));
  }
  return lines;
}

/** An excerpt of a log, indented; of a long one its end, which has the error. */
export function renderExcerpt(excerpt: string): readonly Line[] {
  const all = plainText(excerpt)
    .replace(/\n+$/, "")
    .split("\n")
    .map((text) => text.trimEnd());
  if (all.length === 1 && all[0] === "") return [];
  const kept = all.slice(-EXCERPT_LINES_MAX);
  return kept.map((text) => line(INDENT, span("| ", "dim"), text));
}
