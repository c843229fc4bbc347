import type { Logger } from "pino";
import type { AgentBus } from "../ports/agent-bus.ts";
import type { Clock } from "../ports/clock.ts";
import type { Metrics } from "../ports/metrics.ts";

interface PingParts {
  readonly bus: Pick<AgentBus, "roundTripMs" | "heldAssignments" | "isConnected">;
  readonly metrics: Pick<Metrics, "busAnswered" | "assignmentsHeld">;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Measures, every so often until it is disposed of, how long the bus takes to answer and what it holds for agents. */
export class BusPing implements Disposable {
  readonly #parts: PingParts;
  readonly #timer: NodeJS.Timeout;
  #isAsking = false;

  constructor(parts: PingParts, intervalMs: number) {
    this.#parts = parts;
    this.#timer = setInterval(() => void this.ping(), intervalMs);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  /** Nothing is measured while the bus is away; readiness says that it is. */
  async ping(): Promise<void> {
    const { bus, metrics, clock, log } = this.#parts;
    // One that takes long is one measurement, however often it is asked for meanwhile.
    if (this.#isAsking) return;
    // What it held before it went away would be told as if it held it now.
    if (!bus.isConnected()) return metrics.assignmentsHeld(null);
    this.#isAsking = true;
    try {
      metrics.busAnswered(await bus.roundTripMs());
      metrics.assignmentsHeld(await bus.heldAssignments(clock.nowMs()));
    } catch (cause) {
      metrics.assignmentsHeld(null);
      log.warn({ err: cause }, "NATS did not say what it holds for agents");
    } finally {
      this.#isAsking = false;
    }
  }
}
