import type { AgentView, GpuView, HealthReportView } from "@kiln/proto";
import { attemptId } from "../domain/attempt-key.ts";
import { findJob, type FarmState } from "../domain/farm-state.ts";
import { deviceHealth } from "../domain/devices.ts";
import type { LiveAgent } from "../domain/live-agent.ts";
import type { GpuRow, HealthReportRow } from "../domain/rows.ts";
import { formatRunId } from "../domain/run-id.ts";

/** An agent as people and scripts see it. */
export function agentView(farm: FarmState, agent: LiveAgent): AgentView {
  const { row, presence, busy, lastSeenMs, diskFreeBytes, readings, standing, mode } = agent;
  const { inventory } = row;
  return {
    agentId: row.agentId,
    name: row.name,
    version: row.version,
    state: presence === "online" ? "online" : "offline",
    ...inventory,
    diskFreeBytes,
    readings: readings && { ...readings, gpus: readings.gpus.map((gpu) => ({ ...gpu })) },
    slots: row.slots,
    busy,
    executors: [...row.executors],
    kinds: [...row.kinds],
    installsTorch: row.installsTorch,
    gpus: inventory.gpus.map((gpu) => gpuView(agent, gpu)),
    cudaToolkits: inventory.cudaToolkits.map((toolkit) => ({ ...toolkit })),
    pythons: inventory.pythons.map((python) => ({ ...python })),
    problems: inventory.problems.map((problem) => ({ ...problem })),
    lastSeenMs,
    labels: { ...row.labels },
    ephemeral: row.ephemeral,
    hostId: row.hostId,
    revoked: standing.revoked && { ...standing.revoked },
    mode: { ...mode },
    health: { ...standing.health },
    windows: standing.windows.map((window) => ({ ...window })),
    attempts: attemptsOf(farm, row.agentId),
  };
}

function gpuView(agent: LiveAgent, gpu: GpuRow): GpuView {
  const device = (uuid: string): Pick<GpuView, "health" | "heldBy"> => ({
    health: { ...deviceHealth(agent, uuid) },
    heldBy: agent.host.held.get(uuid) ?? null,
  });
  return {
    ...gpu,
    clocksLockable: { ...gpu.clocksLockable },
    countersReadable: { ...gpu.countersReadable },
    processes: gpu.processes.map((process) => ({ ...process })),
    migSlices: gpu.migSlices.map((slice) => ({ ...slice, ...device(slice.uuid) })),
    ...device(gpu.uuid),
  };
}

function attemptsOf(farm: FarmState, agentId: string): AgentView["attempts"] {
  return [...farm.attempts.values()]
    .filter((attempt) => attempt.agentId === agentId)
    .toSorted((a, b) => (attemptId(a.key) < attemptId(b.key) ? -1 : 1))
    .map(({ key, assignedAtMs }) => ({
      run: formatRunId(key.run),
      job: findJob(farm, key).job.name,
      attempt: key.attempt,
      sinceMs: assignedAtMs,
    }));
}

export function healthReportView({ receivedAtMs, report }: HealthReportRow): HealthReportView {
  const { moment, attempt, checks } = report;
  return {
    receivedAtMs,
    moment,
    attempt: attempt && { run: formatRunId(attempt.run), job: attempt.job, attempt: attempt.attempt },
    checks: checks.map((check) => ({ ...check })),
  };
}
