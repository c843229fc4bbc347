import type { Logger } from "pino";
import type { AgentBus } from "../ports/agent-bus.ts";
import type { Metrics } from "../ports/metrics.ts";

interface PingParts {
  readonly bus: Pick<AgentBus, "roundTripMs" | "isConnected">;
  readonly metrics: Pick<Metrics, "busAnswered">;
  readonly log: Logger;
}

/** Measures, every so often until it is disposed of, how long the bus takes to answer. */
export class BusPing implements Disposable {
  readonly #parts: PingParts;
  readonly #timer: NodeJS.Timeout;
  #isAsking = false;

  constructor(parts: PingParts, intervalMs: number) {
    this.#parts = parts;
    this.#timer = setInterval(() => void this.#ping(), intervalMs);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  /** Nothing is measured while the bus is away; readiness says that it is. */
  async #ping(): Promise<void> {
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
