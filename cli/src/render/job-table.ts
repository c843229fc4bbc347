import type { JobSummary } from "@kiln/proto";
import { duration } from "./duration.ts";
import { jobMs } from "./cell-state.ts";
import { outcomeSpan } from "./job-detail.ts";
import { line, span, type Line } from "./line.ts";
import { oneLine } from "./plain-text.ts";
import type { Symbols } from "./symbols.ts";
import { testsText } from "./results-summary.ts";
import { renderTable } from "./table.ts";

/** The jobs of a run, one a line. */
export function renderJobTable(
  jobs: readonly JobSummary[],
  width: number,
  nowMs: number,
  symbols: Symbols,
): readonly Line[] {
  const rows = jobs.map((job) => {
    const ms = jobMs(job, nowMs);
    return [
      line(job.name),
      line(
        job.reusedFrom === null
          ? outcomeSpan(job.outcome, job.state, symbols)
          : span(`${symbols.good} from ${job.reusedFrom.run}`, "good"),
      ),
      line(ms === null ? "" : duration(ms)),
      line(span(testsText(job.tests), (job.tests?.failed ?? 0) > 0 ? "bad" : "plain")),
      line(job.attempts > 1 ? String(job.attempts) : ""),
      line(oneLine(job.agentName ?? "")),
      line(oneLine(job.summary)),
    ];
  });
  const columns = [
    { title: "job" },
    { title: "result" },
    { title: "time", align: "right" as const },
    { title: "tests", align: "right" as const },
    { title: "tries", align: "right" as const },
    { title: "agent", optional: true },
    { title: "what happened", shrinks: true, minWidth: 16 },
  ];
  return jobs.length === 0 ? [] : renderTable({ columns, rows }, width, symbols.ellipsis);
}
