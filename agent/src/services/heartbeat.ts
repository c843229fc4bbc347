import type { Clock } from "../ports/clock.ts";
import type { ControlPlane } from "../ports/control-plane.ts";
import type { MachineReadings } from "../ports/readings.ts";
import type { Spool } from "../ports/spool.ts";

/** Heartbeats are below NATS's limit of 1 MiB a message: about 16 bytes an attempt. */
const ATTEMPTS_MAX = 40_000;

export interface HeartbeatParts {
  readonly controlPlane: ControlPlane;
  readonly spool: Spool;
  readonly clock: Clock;
  readonly readings: () => MachineReadings;
}

/** Says at every interval that this agent lives, and which attempts it still holds. */
export class Heartbeat {
  readonly #parts: HeartbeatParts;
  #intervalMs = 0;
  #cancel: (() => void) | null = null;

  constructor(parts: HeartbeatParts) {
    this.#parts = parts;
  }

  /** Begins, or goes on with another interval; beats at once. */
  start(intervalMs: number): void {
    this.#intervalMs = intervalMs;
    this.#cancel?.();
    this.#tick();
  }

  /** Beats now, beside the interval; does nothing before `start`. */
  beat(): void {
    if (this.#intervalMs === 0) return;
    const { controlPlane, spool, readings } = this.#parts;
    const attempts = [];
    for (const { ref } of spool.attempts()) {
      if (attempts.length >= ATTEMPTS_MAX) break;
      attempts.push(ref);
    }
    controlPlane.heartbeat({ ...readings(), attempts, spoolBytes: spool.unacknowledgedBytes });
  }

  /** Idempotent. */
  stop(): void {
    this.#intervalMs = 0;
    this.#cancel?.();
    this.#cancel = null;
  }

  #tick(): void {
    this.beat();
    this.#cancel = this.#parts.clock.after(this.#intervalMs, () => this.#tick());
  }
}
