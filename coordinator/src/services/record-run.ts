import type { ReleasePolicy } from "@kiln/gate";
import type { Plan } from "@kiln/matrix";
import type { Actor, AuditedAction } from "../domain/audit.ts";
import { insertRun } from "../domain/insert-run.ts";
import { newLiveRun } from "../domain/live-run.ts";
import type { RunRow } from "../domain/rows.ts";
import { formatRunId } from "../domain/run-id.ts";
import { takeResults } from "../domain/take-results.ts";
import type { TakenResult } from "../domain/taken-result.ts";
import type { AuditLog } from "./audit-log.ts";
import type { FarmEngine } from "./farm-engine.ts";
import type { PlanCache } from "./plan-cache.ts";

export interface NewRun {
  readonly submitted: Pick<RunRow, "submissionId" | "candidate" | "source" | "priority" | "selfComparisonOf">;
  readonly plan: Plan;
  readonly policy: ReleasePolicy;
  /** Of earlier runs, by position in the plan. */
  readonly results: ReadonlyMap<number, TakenResult>;
  readonly by: Actor;
}

export interface RecordParts {
  readonly engine: FarmEngine;
  readonly plans: PlanCache;
  readonly audit: Pick<AuditLog, "op">;
}

/** Numbers a run, queues its jobs, and resolves once it is durable. */
export function recordRun({ engine, plans, audit }: RecordParts, made: NewRun): Promise<number> {
  const { submitted, plan, policy, results, by } = made;
  const planJson = JSON.stringify(plan);
  return engine.act((farm, effects, nowMs) => {
    const run = ++farm.lastRun;
    const row: RunRow = {
      run,
      ...submitted,
      state: "queued",
      verdict: null,
      reason: "",
      submittedAtMs: nowMs,
      startedAtMs: null,
      finishedAtMs: null,
      changedId: ++farm.lastChangedId,
      pinnedAtMs: null,
      expired: null,
    };
    const live = newLiveRun(row, plan, nowMs);
    for (const job of live.jobs) job.changedId = ++farm.lastChangedId;
    farm.runs.set(run, live);
    plans.put(run, plan, planJson);
    for (const job of live.jobs) if (job.life.state.name === "ready") farm.ready.add(live, job);
    const told = audit.op(by, submission(row));
    effects.ops.push(insertRun(live, plan, planJson), { op: "put-policy", run, policy }, told);
    effects.changedRuns.add(run);
    const context = { nowMs, leaseTtlMs: engine.leaseTtlMs };
    takeResults(farm, live, results, context, effects);
    return run;
  });
}

function submission({ run, candidate, source }: RunRow): AuditedAction {
  const detail = `${candidate.name} ${candidate.version ?? "(version from its wheel)"}, source ${source.sha256}`;
  return { what: "run.submit", object: formatRunId(run), detail };
}
