import type { Plan } from "@kiln/matrix";
import { takeBack } from "./agent-changes.ts";
import { NEW_STANDING, type AgentStanding } from "./agent-standing.ts";
import { attemptId } from "./attempt-key.ts";
import { restoreProgress } from "./attempt-progress.ts";
import { newEffects } from "./effects.ts";
import { newFarm, type FarmLimits, type FarmState } from "./farm-state.ts";
import { hostKeyOf, newLiveAgent } from "./live-agent.ts";
import { holdDevices, hostOf } from "./devices.ts";
import { liveAttemptOf, type LiveRun } from "./live-job.ts";
import { restoreLiveRun } from "./live-run.ts";
import type { AgentRow, AttemptRow, DeviceRow, JobRow, RunRow } from "./rows.ts";
import { countActive } from "./run-limits.ts";

/** What a coordinator needs to go on after a restart. */
export interface ActiveState {
  /** Runs that are not finished, oldest first, each with all its jobs in the order of its plan. */
  readonly runs: readonly { readonly run: RunRow; readonly jobs: readonly JobRow[] }[];
  /**
   * Every attempt of those runs that holds a lease or made an artifact, and those of other runs whose wheel one of
   * their builds has taken.
   */
  readonly attempts: readonly AttemptRow[];
  readonly agents: readonly AgentRow[];
  /** How agents stand, by their id; one that nothing ever happened to is missing. */
  readonly standings: ReadonlyMap<string, AgentStanding>;
  /** Devices that are not well. */
  readonly devices: readonly DeviceRow[];
  /** Highest number given so far, 0 when none. */
  readonly lastRun: number;
  /** Highest change number given so far, 0 when none. */
  readonly lastChangedId: number;
}

export interface RebuildOptions {
  readonly nowMs: number;
  readonly leaseTtlMs: number;
  readonly limits: FarmLimits;
}

/**
 * The farm as the store remembers it. Agents are expected back but given
 * nothing until they are heard of; every live attempt gets a whole lease from
 * now, because heartbeats may have been missed while no coordinator ran.
 */
export function rebuildFarm(active: ActiveState, planOf: (run: number) => Plan, options: RebuildOptions): FarmState {
  const farm = newFarm(options.limits);
  farm.lastRun = active.lastRun;
  farm.lastChangedId = active.lastChangedId;
  for (const row of active.agents) {
    const standing = active.standings.get(row.agentId) ?? NEW_STANDING;
    const host = hostOf(farm, hostKeyOf(row));
    const presence = standing.revoked ? "offline" : "expected";
    const seen = { presence, nowMs: options.nowMs } as const;
    farm.agents.set(row.agentId, newLiveAgent(row, standing, host, seen));
  }
  for (const { host, uuid, health } of active.devices) hostOf(farm, host).health.set(uuid, health);
  const rows = new Map(active.attempts.map((row) => [attemptId(row), row]));
  for (const { run: row, jobs } of active.runs) {
    const run = restoreLiveRun(row, planOf(row.run), jobs, active.attempts);
    farm.runs.set(row.run, run);
    restoreAttempts(farm, run, rows, options);
  }
  // What draining agents were asked to give back is asked for again, with their heartbeats.
  for (const agent of farm.agents.values()) if (agent.mode.name === "draining") takeBack(farm, agent, newEffects());
  return farm;
}

function restoreAttempts(
  farm: FarmState,
  run: LiveRun,
  rows: ReadonlyMap<string, AttemptRow>,
  { nowMs, leaseTtlMs }: RebuildOptions,
): void {
  for (const job of run.jobs) {
    if (job.life.state.name === "ready") farm.ready.add(run, job);
    const held = liveAttemptOf(run, job);
    if (!held) continue;
    const attempt = rows.get(attemptId(held.key));
    if (!attempt) throw new Error(`the store has no attempt ${attemptId(held.key)}`);
    holdDevices(farm, held.key, attempt.devices);
    countActive(farm, run, 1);
    farm.attempts.set(attemptId(held.key), {
      key: held.key,
      agentId: held.agentId,
      devices: attempt.devices,
      assignedAtMs: attempt.assignedAtMs,
      deadlineMs: nowMs + leaseTtlMs,
      publishedAtMs: nowMs,
      progress: restoreProgress(attempt),
      recordedSeq: attempt.ackedSeq,
      unhealthy: attempt.unhealthy,
      withdrawn: "",
    });
    const agent = farm.agents.get(held.agentId);
    if (agent) agent.busy += 1;
  }
}
