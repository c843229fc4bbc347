import type { RunSummary } from "@kiln/proto";
import { ago, clock } from "./duration.ts";
import { line, span, type Line } from "./line.ts";
import { candidateTitle, endSpan, runMs } from "./run-header.ts";
import type { Symbols } from "./symbols.ts";
import { renderTable } from "./table.ts";

/** Runs, the newest first, one a line. */
export function renderRunsTable(
  runs: readonly RunSummary[],
  width: number,
  nowMs: number,
  symbols: Symbols,
): readonly Line[] {
  if (runs.length === 0) return [line("No run yet. Submit one with: ./kiln submit DIRECTORY")];
  const rows = runs.map((run) => [
    line(run.run),
    line(candidateTitle(run.candidate)),
    line(run.state === "finished" ? endSpan(run, symbols) : span(`${symbols.active} ${run.state}`, "accent")),
    line(`${run.counts.passed} of ${run.counts.total} passed`, run.pinned ? span(" pinned", "dim") : ""),
    line(clock(runMs(run, nowMs))),
    line(span(ago(nowMs - run.submittedAtMs), "dim")),
  ]);
  const columns = [
    { title: "run" },
    { title: "candidate", shrinks: true, minWidth: 12 },
    { title: "verdict" },
    { title: "jobs" },
    { title: "time", align: "right" as const },
    { title: "submitted" },
  ];
  return renderTable({ columns, rows }, width, symbols.ellipsis);
}
