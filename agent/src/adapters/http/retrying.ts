import { backoffMs } from "../../domain/backoff.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Log } from "../../ports/log.ts";
import { FinalError } from "./refusal.ts";

const BACKOFF = { baseMs: 200, capMs: 5_000 };

export interface RetryParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
}

/**
 * Does work with the coordinator until it succeeds: the coordinator may be away
 * for any time. Throws a FinalError when another try does not help, and when
 * the signal is aborted. `message` is for the log.
 */
export async function retrying<T>(
  message: string,
  parts: RetryParts,
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<T> {
  for (let failures = 1; ; failures++) {
    try {
      return await work();
    } catch (cause) {
      if (signal.aborted || cause instanceof FinalError) throw cause;
      if (isDiskFull(cause)) throw new FinalError("No space left on device: the disk of the agent is full");
      const delayMs = backoffMs(failures, parts.random(), BACKOFF);
      parts.log.warn({ err: cause, delayMs }, message);
      await wait(parts.clock, delayMs, signal);
      signal.throwIfAborted();
    }
  }
}

function wait(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const cancel = clock.after(delayMs, done);
    signal.addEventListener("abort", done);
    function done(): void {
      cancel();
      signal.removeEventListener("abort", done);
      resolve();
    }
  });
}

function isDiskFull(cause: unknown): boolean {
  return cause instanceof Error && "code" in cause && cause.code === "ENOSPC";
}
