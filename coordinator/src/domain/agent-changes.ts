import {
  GOOD,
  isOver,
  modeAt,
  WINDOWS_MAX,
  type AgentStanding,
  type Health,
  type MaintenanceWindow,
  type ModeName,
  type PendingUpdate,
  type Revocation,
} from "./agent-standing.ts";
import type { Effects } from "./effects.ts";
import { findAttempt, findJob, type FarmState, type LiveAttempt } from "./farm-state.ts";
import type { HealthCheck, HealthReport } from "./health-report.ts";
import { devicesOf, type LiveAgent } from "./live-agent.ts";

// Everything that changes how an agent stands. Pure, as all decisions; the store remembers each standing whole.

interface When {
  readonly nowMs: number;
  /** One sentence on what happened; may be empty. */
  readonly summary: string;
}

/** An operator lets an agent work, drains or pauses it. */
export function setMode(
  farm: FarmState,
  agent: LiveAgent,
  mode: { readonly name: ModeName; readonly reason: string },
  nowMs: number,
  effects: Effects,
): void {
  changeStanding(farm, agent, { mode: { ...mode, sinceMs: nowMs } }, nowMs, effects);
}

/** Null when the agent has as many windows as one may have. */
export function addWindow(
  farm: FarmState,
  agent: LiveAgent,
  window: Omit<MaintenanceWindow, "id">,
  nowMs: number,
  effects: Effects,
): MaintenanceWindow | null {
  const windows = agent.standing.windows.filter((known) => !isOver(known, nowMs));
  if (windows.length >= WINDOWS_MAX) return null;
  const added = { ...window, id: Math.max(0, ...agent.standing.windows.map(({ id }) => id)) + 1 };
  changeStanding(farm, agent, { windows: [...windows, added] }, nowMs, effects);
  return added;
}

/** False when there is no such window. */
export function removeWindow(farm: FarmState, agent: LiveAgent, id: number, nowMs: number, effects: Effects): boolean {
  const windows = agent.standing.windows.filter((window) => window.id !== id);
  if (windows.length === agent.standing.windows.length) return false;
  changeStanding(farm, agent, { windows }, nowMs, effects);
  return true;
}

/** Opens and closes maintenance windows. Returns whether any agent may do something else than before. */
export function refreshModes(farm: FarmState, nowMs: number, effects: Effects): boolean {
  let changed = false;
  for (const agent of farm.agents.values()) {
    if (agent.standing.windows.length > 0 && refreshMode(farm, agent, nowMs, effects)) changed = true;
  }
  return changed;
}

function changeStanding(
  farm: FarmState,
  agent: LiveAgent,
  change: Partial<AgentStanding>,
  nowMs: number,
  effects: Effects,
): void {
  agent.standing = { ...agent.standing, ...change };
  effects.ops.push({ op: "upsert-standing", agentId: agent.row.agentId, standing: agent.standing });
  farm.agentsRevision += 1;
  refreshMode(farm, agent, nowMs, effects);
}

function refreshMode(farm: FarmState, agent: LiveAgent, nowMs: number, effects: Effects): boolean {
  const mode = modeAt(agent.standing, nowMs);
  const before = agent.mode;
  agent.mode = mode;
  if (mode.name === before.name) return false;
  farm.agentsRevision += 1;
  if (mode.name === "draining") takeBack(farm, agent, effects);
  return true;
}

/** Asks for what the agent holds and has not begun. Its job is free again when the agent has let go of it. */
export function takeBack(farm: FarmState, agent: LiveAgent, effects: Effects): void {
  // The one job of an agent that takes one is what it is there for.
  if (agent.row.ephemeral) return;
  for (const attempt of farm.attempts.values()) {
    if (attempt.agentId !== agent.row.agentId || attempt.progress.acceptedSeq > 0) continue;
    if (findJob(farm, attempt.key).job.life.state.name !== "assigned") continue;
    attempt.withdrawn = `taken back before it began: ${agent.row.name} is draining`;
    effects.stop.push({ agentId: attempt.agentId, key: attempt.key, reason: attempt.withdrawn });
  }
}

/** It is drained until it has taken, or failed to take, what it is offered. */
export function setUpdate(
  farm: FarmState,
  agent: LiveAgent,
  update: PendingUpdate | null,
  nowMs: number,
  effects: Effects,
): void {
  changeStanding(farm, agent, { update }, nowMs, effects);
}

/** The agent is out for good. What it holds is for the caller to end. */
export function noteRevoked(farm: FarmState, agent: LiveAgent, revoked: Revocation, effects: Effects): void {
  agent.presence = "offline";
  agent.standing = { ...agent.standing, revoked };
  farm.agentsRevision += 1;
  effects.ops.push({ op: "upsert-standing", agentId: agent.row.agentId, standing: agent.standing });
}

/** An agent that takes one job has it. */
export function noteSpent(farm: FarmState, agent: LiveAgent, nowMs: number, effects: Effects): void {
  // Not by setMode: what it was just given must not be taken back.
  const mode = { name: "draining", reason: SPENT, sinceMs: nowMs } as const;
  agent.standing = { ...agent.standing, mode };
  agent.mode = mode;
  farm.agentsRevision += 1;
  effects.ops.push({ op: "upsert-standing", agentId: agent.row.agentId, standing: agent.standing });
}

export const SPENT = "takes one job only, and has had it";

/** An attempt was lost on it, for whatever reason: it is looked at, and others go first until it is found well. */
export function noteFailure(
  farm: FarmState,
  { agentId, gpus }: { readonly agentId: string; readonly gpus: readonly string[] },
  { nowMs, summary }: When,
  effects: Effects,
): void {
  const agent = farm.agents.get(agentId);
  if (!agent) return;
  effects.checkHealth.add(agentId);
  const { host } = agent;
  const suspect: Health = { name: "suspect", reason: summary, sinceMs: nowMs };
  for (const uuid of gpus) if (!host.health.has(uuid)) setDevice(farm, agent, uuid, suspect, effects);
  if (agent.standing.health.name !== "good") return;
  changeStanding(farm, agent, { health: suspect }, nowMs, effects);
}

/**
 * What an agent found. A failed check quarantines its device, on every agent of
 * the machine, or the agent where it is of the machine; and what ran beside it
 * does not count. A report without one clears suspicion, never a quarantine.
 */
export function takeHealthReport(
  farm: FarmState,
  agent: LiveAgent,
  report: HealthReport,
  nowMs: number,
  effects: Effects,
): void {
  const { agentId } = agent.row;
  effects.ops.push({ op: "insert-health-report", row: { agentId, receivedAtMs: nowMs, report } });
  const failed = report.checks.filter(({ status }) => status === "failed");
  const own = devicesOf(agent.row);
  for (const check of failed) {
    const reason = sentence(agent, check);
    const health: Health = { name: "quarantined", reason, sinceMs: nowMs };
    if (own.has(check.device)) {
      setDevice(farm, agent, check.device, health, effects);
      for (const attempt of farm.attempts.values())
        if (holds(attempt, agent, check.device)) spoil(attempt, reason, effects);
    } else if (agent.standing.health.name !== "quarantined") {
      changeStanding(farm, agent, { health }, nowMs, effects);
    }
    const beside = report.attempt && findAttempt(farm, report.attempt);
    if (beside?.agentId === agentId) spoil(beside, reason, effects);
  }
  const well = report.checks.filter(({ status }) => status === "ok");
  if (failed.length > 0 || well.length === 0) return;
  const { health } = agent.host;
  for (const { device } of well) {
    if (own.has(device) && health.get(device)?.name === "suspect") setDevice(farm, agent, device, GOOD, effects);
  }
  if (agent.standing.health.name === "suspect") changeStanding(farm, agent, { health: GOOD }, nowMs, effects);
}

/** An operator has seen to it. Without a device: the machine and all its devices. */
export function clearHealth(
  farm: FarmState,
  agent: LiveAgent,
  device: string | null,
  nowMs: number,
  effects: Effects,
): void {
  const { host } = agent;
  const devices = device === null ? [...host.health.keys()] : [device];
  for (const uuid of devices) if (host.health.has(uuid)) setDevice(farm, agent, uuid, GOOD, effects);
  if (device === null && agent.standing.health.name !== "good") {
    changeStanding(farm, agent, { health: GOOD }, nowMs, effects);
  }
  effects.checkHealth.add(agent.row.agentId);
}

function setDevice(farm: FarmState, agent: LiveAgent, uuid: string, health: Health, effects: Effects): void {
  const { host } = agent;
  if (host.health.get(uuid)?.name === health.name) return;
  if (health.name === "good") host.health.delete(uuid);
  else host.health.set(uuid, health);
  farm.agentsRevision += 1;
  effects.ops.push({ op: "upsert-device", row: { host: host.key, uuid, health } });
}

/** A slice is of its GPU, and a GPU of its slices. */
function holds({ devices }: LiveAttempt, agent: LiveAgent, device: string): boolean {
  if (devices.host !== agent.host.key) return false;
  const gpu = agent.row.inventory.gpus.find(({ uuid }) => uuid === device);
  const parts = new Set([device, ...(gpu?.migSlices.map(({ uuid }) => uuid) ?? [])]);
  return devices.gpus.some((uuid) => parts.has(uuid));
}

/** The attempt goes on to its end, so that its log is there; then its job is replayed. */
function spoil(attempt: LiveAttempt, reason: string, effects: Effects): void {
  if (attempt.unhealthy !== "") return;
  attempt.unhealthy = reason;
  effects.ops.push({ op: "update-attempt", key: attempt.key, set: { unhealthy: reason } });
}

function sentence(agent: LiveAgent, { name, device, detail }: HealthCheck): string {
  const what = device === "" ? agent.row.name : `${device} of ${agent.row.name}`;
  return `${what} failed its health check ${name}${detail === "" ? "" : `: ${detail}`}`;
}
