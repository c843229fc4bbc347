import { noteFailure, noteSpent } from "./agent-changes.ts";
import { attemptId } from "./attempt-key.ts";
import { newProgress } from "./attempt-progress.ts";
import type { Effects } from "./effects.ts";
import type { FarmState, LiveAttempt } from "./farm-state.ts";
import { dropReservation, holdDevices, releaseDevices } from "./devices.ts";
import { avoiding, liveAttemptOf, poolName, toJobRow, type LiveJob, type LiveRun } from "./live-job.ts";
import { isRetriedAutomatically, type Outcome } from "./outcome.ts";
import type { DevicesRow } from "./rows.ts";
import { countActive } from "./run-limits.ts";
import { decideJob, isLive, type JobEvent, type JobState } from "./job-state.ts";
import { completeRun, noteRunStarted, reopenRun } from "./run-state.ts";
import type { TakenResult } from "./taken-result.ts";
import { countTests } from "./count-tests.ts";
import type { AttemptChange } from "./store-op.ts";

export interface EventContext {
  readonly nowMs: number;
  readonly leaseTtlMs: number;
  /** One sentence for people; empty when there is nothing to say. */
  readonly summary: string;
  /** What ingest knows of the attempt that the event closes or moves. */
  readonly attempt?: AttemptChange;
  /** With `assign`: what is set aside for the attempt. */
  readonly devices?: DevicesRow;
}

/**
 * Applies one event to one job, and everything that follows from it: its
 * attempt, its agent's slot, the jobs that need it, its run. Returns false when
 * the job's state had no use for the event.
 */
export function applyJobEvent(
  farm: FarmState,
  run: LiveRun,
  job: LiveJob,
  event: JobEvent,
  context: EventContext,
  effects: Effects,
): boolean {
  const held = liveAttemptOf(run, job);
  const attempt = held && farm.attempts.get(attemptId(held.key));
  const meant = meaningOf(event, job, attempt, context);
  return apply(farm, run, job, meant.event, meant.context, effects);
}

function apply(
  farm: FarmState,
  run: LiveRun,
  job: LiveJob,
  event: JobEvent,
  context: EventContext,
  effects: Effects,
): boolean {
  const decision = decideJob(job.life, event, run.retryBudget);
  if (!decision.changed) return false;
  const before = job.life.state;
  const held = liveAttemptOf(run, job);
  job.life = decision.life;
  const after = job.life.state;

  // 1. The lease and the agent's slot.
  if (!held && isLive(after)) takeSlot(farm, run, job, context, effects);
  if (held && !isLive(after)) {
    const gpus = farm.attempts.get(attemptId(held.key))?.devices.gpus ?? [];
    releaseSlot(farm, run, held.key, held.agentId, effects);
    const outcome = outcomeOf(event);
    noteLoss(farm, job, { agentId: held.agentId, gpus }, event, context, effects);
    effects.ops.push({
      op: "update-attempt",
      key: held.key,
      set: { ...context.attempt, state: "finished", outcome, summary: context.summary, finishedAtMs: context.nowMs },
    });
  }
  if (held && after.name === "running" && before.name === "assigned") {
    const set = { ...context.attempt, state: "running", startedAtMs: context.nowMs } as const;
    effects.ops.push({ op: "update-attempt", key: held.key, set });
  }
  if (held && after.name === "cancelling") {
    effects.stop.push({ agentId: held.agentId, key: held.key, reason: context.summary });
  }

  // 2. The job's own facts.
  noteFacts(job, before, after, context, effects);
  if (event.type === "reuse") noteTaken(job, event.result, effects);
  else if (after.name === "finished") effects.finished.push({ kind: job.kind, outcome: after.outcome });
  if (event.type === "retry") avoid(job, []);
  if (after.name === "ready") farm.ready.add(run, job);
  job.changedId = ++farm.lastChangedId;
  effects.ops.push({ op: "update-job", row: toJobRow(run.row.run, job) });
  effects.changedRuns.add(run.row.run);

  // 3. The jobs that need it, and the run.
  if (before.name === "finished") reopenRun(farm, run, effects);
  if (after.name === "finished") {
    run.unfinished -= 1;
    if (job.wheel) effects.builtRuns.add(run.row.run);
    tellDependents(farm, run, job, context, effects);
    if (run.unfinished === 0) completeRun(farm, run, effects);
  }
  return true;
}

/**
 * What an end of the live attempt means. Beside a failed health check it counts
 * for nothing, and the job is replayed; of an attempt that is being taken back,
 * its being stopped is what was asked for.
 */
function meaningOf(
  event: JobEvent,
  job: LiveJob,
  attempt: LiveAttempt | null | undefined,
  context: EventContext,
): { readonly event: JobEvent; readonly context: EventContext } {
  if (!attempt || (event.type !== "finish" && event.type !== "lose")) return { event, context };
  const { unhealthy, withdrawn } = attempt;
  const ended = event.type === "finish" ? event.outcome : "agent-lost";
  // What passed on a bad device has passed, but what was measured on one is no measurement.
  const stands = ended === "passed" && !job.pool.host;
  if (unhealthy !== "" && !stands) {
    const reported = context.summary === "" ? "" : `: ${context.summary}`;
    const summary = `${unhealthy}; the attempt had ended as ${ended}${reported}`;
    return { event: { type: "replay", nowMs: context.nowMs }, context: { ...context, summary } };
  }
  if (withdrawn !== "" && (ended === "cancelled" || isRetriedAutomatically(ended))) {
    return { event: { type: "withdraw", nowMs: context.nowMs }, context: { ...context, summary: withdrawn } };
  }
  return { event, context };
}

function outcomeOf(event: JobEvent): Outcome {
  switch (event.type) {
    case "finish":
      return event.outcome;
    case "replay":
      return "infrastructure";
    case "withdraw":
      return "cancelled";
    default:
      return "agent-lost";
  }
}

/** After an attempt that was lost for no fault of its job: who goes last, and who is looked at. */
function noteLoss(
  farm: FarmState,
  job: LiveJob,
  on: { readonly agentId: string; readonly gpus: readonly string[] },
  event: JobEvent,
  context: EventContext,
  effects: Effects,
): void {
  if (event.type === "withdraw" || !isRetriedAutomatically(outcomeOf(event))) return;
  avoid(job, [...job.avoid.filter((known) => known !== on.agentId), on.agentId].slice(-AVOIDED_MAX));
  if (event.type !== "replay") noteFailure(farm, on, context, effects);
}

const AVOIDED_MAX = 10;

function avoid(job: LiveJob, agents: readonly string[]): void {
  job.avoid = agents;
  job.pool = avoiding(job.pool, agents);
}

function takeSlot(farm: FarmState, run: LiveRun, job: LiveJob, context: EventContext, effects: Effects): void {
  const held = liveAttemptOf(run, job);
  const agent = held && farm.agents.get(held.agentId);
  if (!agent) throw new Error("a job can only be assigned to a known agent");
  const devices = context.devices ?? { host: agent.host.key, gpus: [], exclusive: false };
  holdDevices(farm, held.key, devices);
  agent.busy += 1;
  countActive(farm, run, 1);
  farm.ready.served(run, job, context.nowMs);
  if (agent.host.reserved?.pool.key === job.pool.key) dropReservation(farm, agent.host);
  farm.attempts.set(attemptId(held.key), {
    key: held.key,
    agentId: held.agentId,
    devices,
    assignedAtMs: context.nowMs,
    deadlineMs: context.nowMs + context.leaseTtlMs,
    publishedAtMs: context.nowMs,
    progress: newProgress(),
    recordedSeq: 0,
    unhealthy: "",
    withdrawn: "",
  });
  effects.ops.push({
    op: "insert-attempt",
    row: {
      ...held.key,
      agentId: held.agentId,
      devices,
      unhealthy: "",
      state: "assigned",
      outcome: null,
      summary: "",
      excerpt: "",
      pythonVersion: "",
      assignedAtMs: context.nowMs,
      startedAtMs: null,
      finishedAtMs: null,
      ackedSeq: 0,
      logBytes: 0,
      logBytesDropped: 0,
      steps: [],
      artifacts: [],
      reports: [],
    },
  });
  effects.assign.push(held.key);
  const waitedMs = context.nowMs - (job.readyAtMs ?? context.nowMs);
  effects.queued.push({ kind: job.kind, pool: poolName(job.pool), waitedMs });
  if (agent.row.ephemeral) noteSpent(farm, agent, context.nowMs, effects);
  noteRunStarted(farm, run, context.nowMs, effects);
}

function releaseSlot(
  farm: FarmState,
  run: LiveRun,
  key: { run: number; job: number; attempt: number },
  agentId: string,
  effects: Effects,
): void {
  const agent = farm.agents.get(agentId);
  if (agent) agent.busy -= 1;
  countActive(farm, run, -1);
  const attempt = farm.attempts.get(attemptId(key));
  if (attempt) releaseDevices(farm, key, attempt.devices);
  farm.attempts.delete(attemptId(key));
  effects.released.push(key);
}

function noteFacts(job: LiveJob, before: JobState, after: JobState, context: EventContext, effects: Effects): void {
  job.summary = context.summary;
  if (isLive(after)) job.agentId = after.agentId;
  if (context.attempt?.pythonVersion !== undefined) job.pythonVersion = context.attempt.pythonVersion;
  if (after.name === "ready") {
    job.readyAtMs = context.nowMs;
    job.startedAtMs = null;
    job.finishedAtMs = null;
    job.reusedFrom = null;
    job.tests = null;
  }
  if (after.name === "running" && before.name === "assigned") {
    job.startedAtMs = context.nowMs;
    const waitedMs = context.nowMs - (job.readyAtMs ?? context.nowMs);
    effects.started.push({ kind: job.kind, pool: poolName(job.pool), waitedMs });
  }
  if (after.name === "finished") {
    job.finishedAtMs = context.nowMs;
    const wheel = context.attempt?.artifacts?.find((artifact) => artifact.role === "wheel");
    job.wheel = after.outcome === "passed" && wheel ? wheel.blob : null;
    job.tests = countTests(context.attempt?.reports ?? []);
  }
}

function noteTaken(job: LiveJob, { from, wheel, pythonVersion, tests }: TakenResult, effects: Effects): void {
  job.reusedFrom = from;
  job.wheel = wheel;
  job.pythonVersion = pythonVersion;
  job.tests = tests;
  effects.reused.push({ kind: job.kind });
}

function tellDependents(farm: FarmState, run: LiveRun, job: LiveJob, context: EventContext, effects: Effects): void {
  const { state } = job.life;
  if (state.name !== "finished") return;
  const { nowMs, leaseTtlMs } = context;
  for (const index of job.dependents) {
    const dependent = run.jobs[index];
    if (!dependent) throw new Error(`${job.name} names a dependent ${index} that is not in the plan`);
    if (state.outcome === "passed") {
      applyJobEvent(farm, run, dependent, { type: "need-passed", nowMs }, { nowMs, leaseTtlMs, summary: "" }, effects);
    } else {
      const summary = `${job.name} ended as ${state.outcome}`;
      applyJobEvent(farm, run, dependent, { type: "need-failed" }, { nowMs, leaseTtlMs, summary }, effects);
    }
  }
}
