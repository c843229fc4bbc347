import type { Clock } from "../ports/clock.ts";
import type { Executor } from "../ports/executor.ts";
import type { Log } from "../ports/log.ts";
import type { LeftAttempt } from "../ports/spool.ts";

/**
 * Puts what an earlier process of this agent left behind in order: its
 * processes are ended, and attempts without an end get one, so that the
 * coordinator tries again instead of waiting. What had ended is sent as it is.
 */
export async function recover(
  left: readonly LeftAttempt[],
  parts: { readonly executor: Executor; readonly clock: Clock; readonly log: Log },
): Promise<void> {
  const { executor, clock, log } = parts;
  const unfinished = left.filter(({ attempt }) => !attempt.isFinished);
  await executor.clearLeftovers(unfinished.map(({ attempt, groups }) => ({ ref: attempt.ref, groups })));
  for (const { attempt } of unfinished) {
    const taken = attempt.append(
      {
        type: "finished",
        outcome: "agent-lost",
        summary: "the agent stopped while the job ran",
        excerpt: "",
        logBytesDropped: 0,
      },
      clock.nowMs(),
    );
    // Without an end it would only keep its lease alive: let that run out instead.
    if (!taken) attempt.remove();
  }
  if (left.length > 0)
    log.info({ attempts: left.length, unfinished: unfinished.length }, "recovered attempts of an earlier process");
}
