import type { JobSummary } from "@kiln/proto";
import { isActive, isFailed, jobMs } from "./cell-state.ts";
import { clock, duration } from "./duration.ts";
import { line, span, type Line } from "./line.ts";
import { oneLine } from "./plain-text.ts";
import type { Symbols } from "./symbols.ts";

/**
 * One line for a change of a job, for output that is no terminal; null when
 * the change says nothing that a person needs. `elapsedMs`: since the run was submitted.
 */
export function renderChange(
  before: JobSummary | null,
  after: JobSummary,
  elapsedMs: number,
  symbols: Symbols,
): Line | null {
  const at = span(`${clock(elapsedMs).padStart(7)}  `, "dim");
  const attempt = after.attempts > 1 ? ` (attempt ${after.attempts})` : "";
  if (after.outcome !== null) {
    if (before?.outcome === after.outcome && before.finishedAtMs === after.finishedAtMs) return null;
    const ms = jobMs(after, after.finishedAtMs ?? 0);
    const took = ms === null ? "" : ` in ${duration(ms)}`;
    const why = after.summary === "" ? "" : `: ${oneLine(after.summary)}`;
    if (after.reusedFrom !== null) return line(at, span(`${symbols.good} ${after.name} passed`, "good"), why);
    if (after.outcome === "passed")
      return line(at, span(`${symbols.good} ${after.name} passed`, "good"), `${took}${attempt}`);
    const tone = isFailed(after) ? "bad" : "warn";
    const mark = isFailed(after) ? symbols.bad : symbols.none;
    return line(
      at,
      span(`${mark} ${after.name} ${after.outcome}`, tone),
      `${isFailed(after) ? took : ""}${attempt}${why}`,
    );
  }
  if (after.state === "running" && !(before?.state === "running" && before.attempts === after.attempts)) {
    const agent = after.agentName === null ? "" : ` on ${oneLine(after.agentName)}`;
    return line(at, span(`${symbols.active} ${after.name} started`, "accent"), `${agent}${attempt}`);
  }
  if (after.state === "ready" && before !== null && isActive(before)) {
    return line(
      at,
      span(`${symbols.warn} ${after.name} goes back to the queue`, "warn"),
      after.summary === "" ? "" : `: ${oneLine(after.summary)}`,
    );
  }
  return null;
}
