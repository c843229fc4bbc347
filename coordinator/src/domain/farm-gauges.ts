import type { HealthName, ModeName } from "./agent-standing.ts";
import type { FarmState } from "./farm-state.ts";
import type { JobStateName } from "./job-state.ts";
import type { LiveAgent } from "./live-agent.ts";
import type { Readings } from "./readings.ts";

/** What the farm looks like at this moment, in numbers. Finished jobs are not counted: their runs leave memory. */
export function farmGauges(farm: FarmState): {
  readonly jobsByState: Readonly<Record<Exclude<JobStateName, "finished">, number>>;
  readonly agentsOnline: number;
  readonly slots: number;
  readonly slotsBusy: number;
  readonly agents: readonly AgentSample[];
  readonly devicesQuarantined: number;
} {
  const jobsByState = { blocked: 0, ready: 0, assigned: 0, running: 0, cancelling: 0 };
  for (const run of farm.runs.values()) {
    for (const job of run.jobs) {
      const { name } = job.life.state;
      if (name !== "finished") jobsByState[name] += 1;
    }
  }
  const online = [...farm.agents.values()].filter((agent) => agent.presence === "online");
  return {
    jobsByState,
    agentsOnline: online.length,
    slots: online.reduce((sum, agent) => sum + agent.row.slots, 0),
    slotsBusy: online.reduce((sum, agent) => sum + agent.busy, 0),
    agents: agentSamples(farm),
    devicesQuarantined: [...farm.hosts.values()]
      .flatMap(({ health }) => [...health.values()])
      .filter(({ name }) => name === "quarantined").length,
  };
}

/** How an agent stands, in the words of the metrics. */
export interface AgentSample {
  readonly agent: string;
  readonly state: "online" | "offline";
  readonly mode: ModeName;
  readonly health: HealthName;
  readonly slotsBusy: number;
  /** What it said last, in its own units; null while it is not heard of. */
  readonly said: {
    readonly diskFreeBytes: number;
    readonly spoolBytes: number;
    readonly readings: Readings | null;
  } | null;
}

function agentSamples(farm: FarmState): readonly AgentSample[] {
  const agents = [...farm.agents.values()].filter(({ standing }) => !standing.revoked);
  return agents.map((agent) => ({
    agent: agent.row.name,
    state: agent.presence === "online" ? "online" : "offline",
    mode: agent.mode.name,
    health: agent.standing.health.name,
    slotsBusy: agent.busy,
    said: agent.presence === "online" ? saidBy(agent) : null,
  }));
}

function saidBy({ diskFreeBytes, spoolBytes, readings }: LiveAgent): AgentSample["said"] {
  return { diskFreeBytes, spoolBytes, readings };
}
