import { applyJobEvent } from "../domain/apply-job-event.ts";
import { findAttempt, findJob } from "../domain/farm-state.ts";
import type { FarmEngine } from "./farm-engine.ts";

/** Takes an agent's attempts away, so that their jobs go on elsewhere within their budget. `summary` says why. */
export async function endAgentAttempts(engine: FarmEngine, agentId: string, summary: string): Promise<void> {
  await engine.act((farm, effects, nowMs) => {
    const agent = farm.agents.get(agentId);
    if (agent) {
      agent.presence = "offline";
      farm.agentsRevision += 1;
    }
    for (const { key } of [...farm.attempts.values()].filter((attempt) => attempt.agentId === agentId)) {
      // What was ended before it may have taken others of its run along.
      if (!findAttempt(farm, key)) continue;
      const { run, job } = findJob(farm, key);
      const context = { nowMs, leaseTtlMs: engine.leaseTtlMs, summary };
      applyJobEvent(farm, run, job, { type: "lose", nowMs }, context, effects);
    }
  });
}
