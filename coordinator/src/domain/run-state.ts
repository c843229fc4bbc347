import { judge } from "@kiln/gate";
import type { Effects } from "./effects.ts";
import type { FarmState } from "./farm-state.ts";
import type { LiveRun } from "./live-job.ts";
import type { Outcome } from "./outcome.ts";
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

/** Every job is finished: judges the run and lets it go from memory. */
export function finishRun(farm: FarmState, run: LiveRun, nowMs: number, effects: Effects): void {
  const jobs = run.jobs.map((job) => ({
    name: job.name,
    kind: job.kind,
    needs: job.needs.map((index) => run.jobs[index]?.name ?? ""),
    outcome: outcomeOf(job.life.state),
    summary: job.summary,
  }));
  const { verdict, reason } = judge({ jobs });
  changeRun(farm, run, { state: "finished", verdict, reason, finishedAtMs: nowMs }, effects);
  farm.runs.delete(run.row.run);
  farm.ready.drop(run);
}

/** A person retries jobs of a run: it has no verdict any more. */
export function reopenRun(farm: FarmState, run: LiveRun, effects: Effects): void {
  run.unfinished += 1;
  if (run.row.state !== "finished") return;
  farm.runs.set(run.row.run, run);
  changeRun(farm, run, { state: "queued", verdict: null, reason: "", finishedAtMs: null }, effects);
}

/** A person cancels: the run ends once every agent has confirmed. */
export function noteRunCancelling(farm: FarmState, run: LiveRun, effects: Effects): void {
  if (run.row.state !== "finished" && run.row.state !== "cancelling") {
    changeRun(farm, run, { state: "cancelling" }, effects);
  }
}

function outcomeOf(state: { name: string; outcome?: Outcome }): Outcome {
  if (state.outcome === undefined) throw new Error(`a run with a ${state.name} job cannot be judged`);
  return state.outcome;
}
