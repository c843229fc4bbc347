import type { HealthName, ModeName } from "./agent-standing.ts";
import type { FarmState } from "./farm-state.ts";
import type { JobStateName } from "./job-state.ts";

/** What the farm looks like at this moment, in numbers. Finished jobs are not counted: their runs leave memory. */
export function farmGauges(farm: FarmState): {
  readonly jobsByState: Readonly<Record<Exclude<JobStateName, "finished">, number>>;
  readonly agentsOnline: number;
  readonly slots: number;
  readonly slotsBusy: number;
  readonly agentsByStanding: readonly AgentCount[];
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
    agentsByStanding: countStandings(farm),
    devicesQuarantined: [...farm.hosts.values()]
      .flatMap(({ health }) => [...health.values()])
      .filter(({ name }) => name === "quarantined").length,
  };
}

/** How many agents there are of each kind, also of those that there are none of. */
export interface AgentCount {
  readonly presence: "online" | "offline";
  readonly mode: ModeName;
  readonly health: HealthName;
  readonly count: number;
}

function countStandings(farm: FarmState): readonly AgentCount[] {
  const agents = [...farm.agents.values()];
  return (["online", "offline"] as const).flatMap((presence) =>
    (["active", "draining", "paused"] as const).flatMap((mode) =>
      (["good", "suspect", "quarantined"] as const).map((health) => {
        const count = agents.filter(
          (agent) =>
            (agent.presence === "online") === (presence === "online") &&
            agent.mode.name === mode &&
            agent.standing.health.name === health,
        ).length;
        return { presence, mode, health, count };
      }),
    ),
  );
}
