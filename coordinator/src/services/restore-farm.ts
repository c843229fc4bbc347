import { ableOf } from "../domain/agent-abilities.ts";
import { attemptId } from "../domain/attempt-key.ts";
import { restoreProgress } from "../domain/attempt-progress.ts";
import { newCapacity, type AgentPresence, type FarmState, type LiveAgent } from "../domain/farm-state.ts";
import { liveAttemptOf } from "../domain/live-job.ts";
import { restoreLiveRun } from "../domain/live-run.ts";
import { ReadyQueue } from "../domain/ready-queue.ts";
import type { AgentRow } from "../domain/rows.ts";
import type { Store } from "../ports/store.ts";
import type { PlanCache } from "./plan-cache.ts";

/**
 * The farm as the store remembers it. Agents are expected back but given
 * nothing until they are heard of; every live attempt gets a whole lease from now, because heartbeats
 * may have been missed while no coordinator ran.
 */
export async function restoreFarm(
  store: Store,
  plans: PlanCache,
  options: { readonly nowMs: number; readonly leaseTtlMs: number },
): Promise<FarmState> {
  const active = await store.loadActive();
  const farm: FarmState = {
    runs: new Map(),
    agents: new Map(
      active.agents.map((row) => [row.agentId, newLiveAgent(row, { presence: "expected", nowMs: options.nowMs })]),
    ),
    attempts: new Map(),
    ready: new ReadyQueue(),
    agentsRevision: 0,
    capacity: newCapacity(),
    lastRun: active.lastRun,
    lastChangedId: active.lastChangedId,
  };
  const rows = new Map(active.attempts.map((row) => [attemptId(row), row]));
  for (const { run: row, jobs } of active.runs) {
    const run = restoreLiveRun(row, await plans.get(row.run), jobs, active.attempts);
    farm.runs.set(row.run, run);
    for (const job of run.jobs) {
      if (job.life.state.name === "ready") farm.ready.add(run, job);
      const held = liveAttemptOf(run, job);
      if (!held) continue;
      const attempt = rows.get(attemptId(held.key));
      if (!attempt) throw new Error(`the store has no attempt ${attemptId(held.key)}`);
      farm.attempts.set(attemptId(held.key), {
        key: held.key,
        agentId: held.agentId,
        assignedAtMs: attempt.assignedAtMs,
        deadlineMs: options.nowMs + options.leaseTtlMs,
        publishedAtMs: options.nowMs,
        progress: restoreProgress(attempt),
        recordedSeq: attempt.ackedSeq,
      });
      const agent = farm.agents.get(held.agentId);
      if (agent) agent.busy += 1;
    }
  }
  return farm;
}

/** An agent as it registered. */
export function newLiveAgent(
  row: AgentRow,
  seen: { readonly presence: AgentPresence; readonly nowMs: number },
): LiveAgent {
  return {
    row,
    able: ableOf(row),
    busy: 0,
    lastSeenMs: seen.nowMs,
    presence: seen.presence,
    diskFreeBytes: row.inventory.diskFreeBytes,
  };
}
