import type { FarmState } from "./farm-state.ts";

/**
 * The wall clock was set by that many milliseconds: everything that waits for a
 * time goes on waiting as long as it would have. What is recorded stays.
 */
export function moveDeadlines(farm: FarmState, byMs: number): void {
  for (const attempt of farm.attempts.values()) {
    attempt.deadlineMs += byMs;
    attempt.publishedAtMs += byMs;
  }
  for (const agent of farm.agents.values()) agent.lastSeenMs += byMs;
  for (const run of farm.runs.values()) {
    for (const job of run.jobs) {
      const { state } = job.life;
      if (state.name === "ready") job.life = { ...job.life, state: { ...state, sinceMs: state.sinceMs + byMs } };
    }
  }
}
