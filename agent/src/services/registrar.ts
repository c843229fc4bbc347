import { backoffMs } from "../domain/backoff.ts";
import type { Clock } from "../ports/clock.ts";
import type { Coordinator, Registration, RegistrationTerms } from "../ports/coordinator.ts";
import type { Log } from "../ports/log.ts";

const BACKOFF = { baseMs: 100, capMs: 5_000 };

export interface RegistrarParts {
  readonly coordinator: Coordinator;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
}

export interface RegistrarEvents {
  registered(terms: RegistrationTerms): void;
  /** The coordinator has shut this agent out; nothing more is tried. */
  refused(reason: string): void;
}

/** Registers the agent, and again whenever asked; tries until it works, or the coordinator has shut the agent out. */
export class Registrar {
  readonly #parts: RegistrarParts;
  readonly #registration: () => Registration;
  readonly #events: RegistrarEvents;
  #isBusy = false;
  /** Asked for while one was under way: its answer may be older than the question. */
  #isAskedAgain = false;
  #isStopped = false;
  #failures = 0;
  #cancel: (() => void) | null = null;

  constructor(parts: RegistrarParts, registration: () => Registration, events: RegistrarEvents) {
    this.#parts = parts;
    this.#registration = registration;
    this.#events = events;
  }

  /** Begins a registration; while one is under way, at most one more follows it. */
  request(): void {
    if (this.#isStopped) return;
    if (this.#isBusy) {
      this.#isAskedAgain = true;
      return;
    }
    this.#isBusy = true;
    this.#isAskedAgain = false;
    void this.#try();
  }

  /** Idempotent. */
  stop(): void {
    this.#isStopped = true;
    this.#cancel?.();
  }

  async #try(): Promise<void> {
    const { coordinator, clock, log, random } = this.#parts;
    const result = await coordinator.register(this.#registration());
    if (this.#isStopped) return;
    if (!result.ok && result.isFinal) {
      this.#isStopped = true;
      this.#events.refused(result.message);
      return;
    }
    if (!result.ok) {
      const delayMs = backoffMs(++this.#failures, random(), BACKOFF);
      log.warn({ reason: result.message, delayMs }, "the agent could not be registered");
      this.#cancel = clock.after(delayMs, () => void this.#try());
      return;
    }
    this.#failures = 0;
    this.#isBusy = false;
    log.info({ ...result.terms }, "the agent is registered");
    this.#events.registered(result.terms);
    if (this.#isAskedAgain) this.request();
  }
}
