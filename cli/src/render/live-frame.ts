import type { JobSummary, RunView } from "@kiln/proto";
import { cellsOf, cellState, isActive, isFailed, jobMs, type CellJobs } from "./cell-state.ts";
import { count } from "./count.ts";
import { clock, duration } from "./duration.ts";
import { clipLine, line, span, type Line } from "./line.ts";
import { oneLine } from "./plain-text.ts";
import { candidateTitle, countsText, runMs } from "./run-header.ts";
import type { Symbols } from "./symbols.ts";
import { renderTable } from "./table.ts";

export interface FrameOptions {
  /** Most columns of a line. */
  readonly width: number;
  /** Most lines. */
  readonly height: number;
  readonly nowMs: number;
  /** When `view.expectedMs` was told; null when it was not. */
  readonly expectedAtMs: number | null;
  /** Something to say below the table; "" for nothing. */
  readonly notice: string;
  readonly symbols: Symbols;
}

/**
 * What a run looks like now: a header, a row per cell, and why jobs wait. When
 * the cells have more rows than the terminal, only those that are active or
 * failed are shown, and the others are counted.
 */
export function renderFrame(view: RunView, options: FrameOptions): readonly Line[] {
  const { width, height, symbols, nowMs } = options;
  const head: Line[] = [
    line(
      span(`${view.run}  ${candidateTitle(view.candidate)}`, "bold"),
      "  ",
      span(view.state, "accent"),
      `, ${timeText(view, options)}`,
    ),
    line(span(countsText(view.counts), "dim")),
    [],
  ];
  const foot: Line[] = [
    othersLine(view),
    waitingLine(view),
    options.notice === "" ? null : line(span(options.notice, "warn")),
  ].filter((each) => each !== null);
  const room = Math.max(2, height - head.length - foot.length);
  const cells = cellsOf(view);
  const { shown, hidden } = chooseCells(cells, room);
  const table = shown.length === 0 ? [] : renderTable(cellTable(shown, nowMs, symbols), width, symbols.ellipsis);
  const more = hidden.length === 0 ? [] : [line(span(hiddenText(hidden, shown.length > 0), "dim"))];
  return [...head, ...table, ...more, ...foot].slice(0, height).map((each) => clipLine(each, width, symbols.ellipsis));
}

function timeText(view: RunView, options: FrameOptions): string {
  const elapsed = `${clock(runMs(view, options.nowMs))} elapsed`;
  if (view.expectedMs === null || options.expectedAtMs === null || view.state === "finished") return elapsed;
  const left = view.expectedMs - (options.nowMs - options.expectedAtMs);
  return left > 0 ? `${elapsed}, about ${clock(left)} left` : `${elapsed}, longer than expected`;
}

function cellTable(cells: readonly CellJobs[], nowMs: number, symbols: Symbols) {
  const rows = cells.map(({ cell, build, test }) => {
    const ms = [jobMs(build, nowMs), jobMs(test, nowMs)].filter((each) => each !== null);
    const active = isActive(test) ? test : isActive(build) ? build : (test ?? build);
    return [
      line(cell),
      jobText(build, nowMs, symbols),
      jobText(test, nowMs, symbols),
      line(ms.length === 0 ? "" : duration(ms.reduce((sum, each) => sum + each, 0))),
      line(oneLine(active?.agentName ?? build?.agentName ?? "")),
    ];
  });
  const columns = [
    { title: "cell" },
    { title: "build", minWidth: 8 },
    { title: "test", minWidth: 8 },
    { title: "time", align: "right" as const },
    { title: "agent", shrinks: true, minWidth: 6 },
  ];
  return { columns, rows };
}

function jobText(job: JobSummary | null, nowMs: number, symbols: Symbols): Line {
  if (job === null) return [];
  const ms = jobMs(job, nowMs);
  const time = ms === null ? "" : ` ${duration(ms)}`;
  const again = job.attempts > 1 ? ` (attempt ${job.attempts})` : "";
  if (job.reusedFrom !== null) return line(span(`${symbols.good} from ${job.reusedFrom.run}`, "good"));
  if (job.outcome === "passed") return line(span(`${symbols.good}${time || " passed"}`, "good"), span(again, "dim"));
  if (job.outcome === "cancelled" || job.outcome === "not-run")
    return line(span(`${symbols.none} ${job.outcome}`, "warn"));
  if (job.outcome !== null) return line(span(`${symbols.bad} ${job.outcome}`, "bad"), span(again, "dim"));
  if (isActive(job)) {
    const what =
      job.state === "running" && time !== "" ? time : ` ${job.state === "assigned" ? "starting" : job.state}`;
    return line(span(`${symbols.active}${what}`, "accent"), span(again, "dim"));
  }
  return line(span(`${symbols.waiting} waiting`, "dim"), span(again, "dim"));
}

/** All cells where they fit into `room` lines with a header; else those that need looking at. */
function chooseCells(
  cells: readonly CellJobs[],
  room: number,
): { readonly shown: readonly CellJobs[]; readonly hidden: readonly CellJobs[] } {
  if (cells.length + 1 <= room) return { shown: cells, hidden: [] };
  // The newest facts first: what failed, then what runs.
  const wanted = (kind: string): readonly CellJobs[] => cells.filter((cell) => cellState(cell).kind === kind);
  const kept = new Set([...wanted("failed"), ...wanted("active")].slice(0, Math.max(0, room - 2)));
  return { shown: cells.filter((cell) => kept.has(cell)), hidden: cells.filter((cell) => !kept.has(cell)) };
}

function hiddenText(hidden: readonly CellJobs[], others: boolean): string {
  const counts = Map.groupBy(hidden, (cell) => cellState(cell).kind);
  const words = { failed: "failed", active: "active", passed: "passed", waiting: "waiting", ended: "not run" } as const;
  const parts = Object.entries(words).flatMap(([kind, word]) => {
    const many = counts.get(kind as keyof typeof words)?.length ?? 0;
    return many === 0 ? [] : [`${many} ${word}`];
  });
  return `${others ? "and " : ""}${count(hidden.length, others ? "more cell" : "cell")}: ${parts.join(", ")}`;
}

const OTHER_KINDS = [
  ["check", "checks"],
  ["scan", "scans"],
  ["bench", "benches"],
  ["profile", "profiles"],
] as const;

/** How far the jobs are that the table of cells does not have. */
function othersLine({ jobs }: RunView): Line | null {
  const parts = OTHER_KINDS.flatMap(([kind, word]) => {
    const those = jobs.filter((job) => job.kind === kind);
    if (those.length === 0) return [];
    const passed = those.filter((job) => job.outcome === "passed").length;
    const failed = those.filter(isFailed).length;
    return [`${word}: ${passed} of ${those.length} passed${failed === 0 ? "" : `, ${failed} failed`}`];
  });
  return parts.length === 0 ? null : line(span(parts.join("; "), "dim"));
}

/** Why nothing goes on, when nothing does. */
function waitingLine(view: RunView): Line | null {
  if (view.jobs.some((job) => isActive(job))) return null;
  const waiting = view.jobs.find((job) => job.state === "ready" && job.summary !== "");
  return waiting === undefined ? null : line(span(`waiting: ${oneLine(waiting.summary)}`, "warn"));
}
