import type { Logger } from "pino";
import type { AgentBus } from "../ports/agent-bus.ts";
import type { Metrics } from "../ports/metrics.ts";

interface PingParts {
  readonly bus: Pick<AgentBus, "roundTripMs" | "isConnected">;
  readonly metrics: Pick<Metrics, "busAnswered">;
  readonly log: Logger;
}

/** Measures, again and again, how long the bus takes to answer. */
export class BusPing {
  readonly #parts: PingParts;
  #timer: NodeJS.Timeout | null = null;
  #isAsking = false;

  constructor(parts: PingParts) {
    this.#parts = parts;
  }

  start(intervalMs: number): void {
    this.#timer = setInterval(() => void this.ping(), intervalMs);
  }

  stop(): void {
    if (this.#timer) clearInterval(this.#timer);
  }

  /** Nothing is measured while the bus is away; readiness says that it is. */
  async ping(): Promise<void> {
    const { bus, metrics, log } = this.#parts;
    // One that takes long is one measurement, however often it is asked for meanwhile.
    if (this.#isAsking || !bus.isConnected()) return;
    this.#isAsking = true;
    try {
      metrics.busAnswered(await bus.roundTripMs());
    } catch (cause) {
      log.warn({ err: cause }, "NATS did not answer a ping");
    } finally {
      this.#isAsking = false;
    }
  }
}
