import { noteRevoked } from "../domain/agent-changes.ts";
import type { Revocation } from "../domain/agent-standing.ts";
import { applyJobEvent } from "../domain/apply-job-event.ts";
import { findAttempt, findJob } from "../domain/farm-state.ts";
import type { FarmEngine } from "./farm-engine.ts";

/** A revoked agent gets nothing more, and its attempts are taken away, so that their jobs go on elsewhere within their budget. */
export async function endAgentAttempts(engine: FarmEngine, agentId: string, revoked: Revocation): Promise<void> {
  const summary = `agent ${agentId} was revoked${revoked.reason === "" ? "" : `: ${revoked.reason}`}`;
  await engine.act((farm, effects, nowMs) => {
    const agent = farm.agents.get(agentId);
    if (agent) noteRevoked(farm, agent, revoked, effects);
    for (const { key } of [...farm.attempts.values()].filter((attempt) => attempt.agentId === agentId)) {
      // What was ended before it may have taken others of its run along.
      if (!findAttempt(farm, key)) continue;
      const { run, job } = findJob(farm, key);
      const context = { nowMs, leaseTtlMs: engine.leaseTtlMs, summary };
      applyJobEvent(farm, run, job, { type: "lose", nowMs }, context, effects);
    }
  });
}

/** The same for those whose revocation an earlier process did not finish. `revocationOf` null: it is not revoked. */
export async function endRevokedAgents(
  engine: FarmEngine,
  revocationOf: (agentId: string) => Revocation | null,
): Promise<void> {
  for (const [agentId, { standing }] of engine.farm.agents) {
    const revoked = revocationOf(agentId);
    if (revoked && !standing.revoked) await endAgentAttempts(engine, agentId, revoked);
  }
}
