import { attemptKey, type AttemptRef } from "../domain/attempt-key.ts";
import type { ControlPlaneHandlers, Delivery, UpdateOffer } from "../ports/control-plane.ts";
import type { Log } from "../ports/log.ts";
import type { Attempts } from "./attempts.ts";
import type { Heartbeat } from "./heartbeat.ts";
import type { Registrar } from "./registrar.ts";
import type { SelfUpdate } from "./self-update.ts";

/** How long an assignment waits that there is no room for. */
const LATER_MS = 1_000;

export interface IntakeEvents {
  /** The coordinator has no more use for this agent. */
  leave(reason: string): void;
  /** The coordinator wants to know how this machine is. */
  checkHealth(): void;
}

export interface IntakeParts {
  readonly attempts: Attempts;
  readonly registrar: Registrar;
  readonly heartbeat: Heartbeat;
  /** null: no service runs this agent. */
  readonly update: SelfUpdate | null;
  readonly log: Log;
}

/** Acts on what comes from the control plane. */
export class Intake implements ControlPlaneHandlers {
  readonly #parts: IntakeParts;
  readonly #events: IntakeEvents;
  #isHoldingBack = false;

  constructor(parts: IntakeParts, events: IntakeEvents) {
    this.#parts = parts;
    this.#events = events;
  }

  /** Acknowledged only when it is in the spool; deliveries of known attempts are acknowledged and dropped. */
  assignment(delivery: Delivery): void {
    const isHeldBack = this.#parts.attempts.take(delivery.assignment, delivery.bytes) === "held-back";
    if (isHeldBack) delivery.later(LATER_MS);
    else delivery.accept();
    // Not for want of room: what comes after its only job is another agent's.
    if (this.#parts.attempts.isSpent) return;
    if (isHeldBack !== this.#isHoldingBack) {
      this.#isHoldingBack = isHeldBack;
      if (isHeldBack) this.#parts.log.warn({}, "assignments are held back: the spool is full");
      else this.#parts.log.info({}, "assignments are taken again");
    }
  }

  cancel(ref: AttemptRef, reason: string): void {
    this.#parts.attempts.stop(attemptKey(ref), { kind: "cancelled", reason });
  }

  registerAgain(): void {
    this.#parts.registrar.request();
  }

  checkHealth(): void {
    this.#events.checkHealth();
  }

  leave(reason: string): void {
    this.#events.leave(reason);
  }

  updateOffered(offer: UpdateOffer): void {
    const { update, log } = this.#parts;
    if (update) void update.offered(offer);
    else
      log.debug(
        { version: offer.version },
        "another version is offered, and no service runs this agent that could start it",
      );
  }

  connected(): void {
    this.#parts.heartbeat.beat();
  }
}
