import type { AttemptView, JobView, Report } from "@kiln/proto";
import { bytes } from "./bytes.ts";
import { duration } from "./duration.ts";
import { renderExcerpt } from "./failures.ts";
import { line, span, type Line, type Span } from "./line.ts";
import { oneLine } from "./plain-text.ts";
import type { Symbols } from "./symbols.ts";
import { renderTable } from "./table.ts";
import { renderMeasureReport } from "./measure-report.ts";
import { renderTestReport } from "./test-report.ts";
import { renderWheelReport } from "./wheel-report.ts";
import { wrapText } from "./width.ts";

/** Everything known of one job: its attempts with their steps, artifacts, and the excerpt of each that failed. */
export function renderJob(job: JobView, width: number, nowMs: number, symbols: Symbols): readonly Line[] {
  const lines: Line[] = [
    line(span(`${job.run}  ${job.name}`, "bold"), "  ", outcomeSpan(job.outcome, job.state, symbols)),
    ...(job.summary === "" ? [] : [line(oneLine(job.summary))]),
    ...(job.needs.length === 0 ? [] : [line(span("needs ", "dim"), job.needs.join(", "))]),
  ];
  lines.push(...reproducedLine(job, width, symbols));
  const { reusedFrom, reusedAttempt } = job;
  if (reusedFrom && reusedAttempt) {
    const title = `Attempt ${reusedFrom.attempt} of ${reusedFrom.run}`;
    return [...lines, [], ...renderAttempt(reusedAttempt, title, width, nowMs, symbols)];
  }
  if (job.history.length === 0) lines.push(line(span("No attempt was made yet.", "dim")));
  for (const attempt of job.history) {
    lines.push([], ...renderAttempt(attempt, `Attempt ${attempt.attempt}`, width, nowMs, symbols));
  }
  return lines;
}

/** Whether a build made the same bytes as an earlier one of the same content key. */
function reproducedLine({ reproduced }: JobView, width: number, symbols: Symbols): readonly Line[] {
  if (reproduced === null) return [];
  const { run, job, same } = reproduced;
  const text = same
    ? `${symbols.good} the same bytes as ${run} ${job}`
    : `${symbols.warn} other bytes than ${run} ${job}, which had the same inputs: the build is not reproducible`;
  return wrapText(text, width).map((part) => line(span(part, same ? "good" : "warn")));
}

function renderReport(report: Report, width: number, symbols: Symbols): readonly Line[] {
  switch (report.kind) {
    case "wheel":
      return renderWheelReport(report, width, symbols);
    case "test":
      return renderTestReport(report, width, symbols);
    case "measure":
      return renderMeasureReport(report, width, symbols);
  }
}

function renderAttempt(
  attempt: AttemptView,
  title: string,
  width: number,
  nowMs: number,
  symbols: Symbols,
): readonly Line[] {
  const took = attempt.startedAtMs === null ? null : (attempt.finishedAtMs ?? nowMs) - attempt.startedAtMs;
  const facts = [
    `on ${oneLine(attempt.agentName)}`,
    attempt.pythonVersion === "" ? "" : `Python ${oneLine(attempt.pythonVersion)}`,
    took === null ? "" : duration(took),
    `log ${bytes(attempt.logBytes)}${attempt.logBytesDropped === 0 ? "" : ` (${bytes(attempt.logBytesDropped)} not kept)`}`,
  ];
  const lines: Line[] = [
    line(
      span(`${title}  `, "bold"),
      outcomeSpan(attempt.outcome, attempt.state, symbols),
      span(`  ${facts.filter((fact) => fact !== "").join(", ")}`, "dim"),
    ),
    ...(attempt.summary === "" ? [] : [line("  ", oneLine(attempt.summary))]),
    ...renderExcerpt(attempt.outcome === "passed" ? "" : attempt.excerpt),
  ];
  if (attempt.steps.length > 0) {
    const rows = attempt.steps.map((step) => [
      line(`  ${oneLine(step.title)}`),
      line(step.durationMs === null ? "" : duration(step.durationMs)),
      line(step.exitCode === null ? "running" : step.exitCode === 0 ? "" : span(`exit code ${step.exitCode}`, "bad")),
    ]);
    const columns = [
      { title: "  step", shrinks: true },
      { title: "time", align: "right" as const },
      { title: "result" },
    ];
    lines.push(...renderTable({ columns, rows }, width, symbols.ellipsis));
  }
  for (const { role, blob } of attempt.artifacts) {
    lines.push(
      line(
        span(`  ${oneLine(role)} `, "dim"),
        oneLine(blob.filename),
        span(`  ${bytes(blob.sizeBytes)}  sha256 ${blob.sha256}`, "dim"),
      ),
    );
  }
  for (const report of attempt.reports) lines.push(...renderReport(report, width, symbols));
  return lines;
}

export function outcomeSpan(outcome: JobView["outcome"], state: string, symbols: Symbols): Span {
  if (state === "blocked" || state === "ready") return span(`${symbols.waiting} ${state}`, "dim");
  if (outcome === null) return span(`${symbols.active} ${state}`, "accent");
  if (outcome === "passed") return span(`${symbols.good} passed`, "good");
  const ended = outcome === "cancelled" || outcome === "not-run";
  return span(`${ended ? symbols.none : symbols.bad} ${outcome}`, ended ? "warn" : "bad");
}
