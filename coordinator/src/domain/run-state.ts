import type { Judgement } from "@kiln/gate";
import type { Effects } from "./effects.ts";
import type { FarmState } from "./farm-state.ts";
import type { LiveRun } from "./live-job.ts";
import type { RunRow } from "./rows.ts";

type RunChangeFields = Partial<Pick<RunRow, "state" | "verdict" | "reason" | "startedAtMs" | "finishedAtMs">>;

function changeRun(farm: FarmState, run: LiveRun, fields: RunChangeFields, effects: Effects): void {
  run.row = { ...run.row, ...fields, changedId: ++farm.lastChangedId };
  const { state, verdict, reason, startedAtMs, finishedAtMs, changedId } = run.row;
  effects.ops.push({
    op: "update-run",
    run: run.row.run,
    set: { state, verdict, reason, startedAtMs, finishedAtMs, changedId },
  });
  effects.changedRuns.add(run.row.run);
}

/** The first assignment of a run starts it. */
export function noteRunStarted(farm: FarmState, run: LiveRun, nowMs: number, effects: Effects): void {
  if (run.row.state !== "queued") return;
  changeRun(farm, run, { state: "running", startedAtMs: run.row.startedAtMs ?? nowMs }, effects);
}

/** Every job is finished: the run waits for its verdict, and is not shown as finished before. */
export function completeRun(farm: FarmState, run: LiveRun, effects: Effects): void {
  run.completedId = farm.lastChangedId;
  effects.completedRuns.add(run.row.run);
}

/** Its verdict is found: lets the run go from memory. */
export function finishRun(
  farm: FarmState,
  run: LiveRun,
  { verdict, reason }: Pick<Judgement, "verdict" | "reason">,
  nowMs: number,
  effects: Effects,
): void {
  changeRun(farm, run, { state: "finished", verdict, reason, finishedAtMs: nowMs }, effects);
  // What a release against itself ends with is no verdict.
  if (run.row.selfComparisonOf === null) effects.verdicts.push(verdict);
  effects.judgedRuns.add(run.row.run);
  farm.runs.delete(run.row.run);
  farm.ready.drop(run);
}

/** What people decided has changed the verdict of a finished run. */
export function changeVerdict(
  farm: FarmState,
  row: RunRow,
  { verdict, reason }: Pick<Judgement, "verdict" | "reason">,
  effects: Effects,
): void {
  const { run, state, startedAtMs, finishedAtMs } = row;
  const set = { state, verdict, reason, startedAtMs, finishedAtMs, changedId: ++farm.lastChangedId };
  effects.ops.push({ op: "update-run", run, set });
  effects.changedRuns.add(run);
}

/** A person retries jobs of a run: it has no verdict any more. */
export function reopenRun(farm: FarmState, run: LiveRun, effects: Effects): void {
  run.unfinished += 1;
  run.completedId = 0;
  if (run.row.state !== "finished") return;
  farm.runs.set(run.row.run, run);
  changeRun(farm, run, { state: "queued", verdict: null, reason: "", finishedAtMs: null }, effects);
}

/** A person cancels: the run ends once every agent has confirmed. */
export function noteRunCancelling(farm: FarmState, run: LiveRun, effects: Effects): void {
  if (run.row.state !== "finished" && run.row.state !== "cancelling" && run.unfinished > 0) {
    changeRun(farm, run, { state: "cancelling" }, effects);
  }
}
