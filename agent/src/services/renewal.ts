import { backoffMs } from "../domain/backoff.ts";
import { joinFailureWords, time } from "../domain/join/join-failure.ts";
import { isRunningOut, renewalBackoff, renewAtMs } from "../domain/renewal-time.ts";
import type { Clock } from "../ports/clock.ts";
import type { Credentials, CredentialSource } from "../ports/credentials.ts";
import type { Log } from "../ports/log.ts";
import type { Renewals } from "../ports/renewals.ts";

/** Timers are set anew so often: a machine may have slept, and its clock may have been set. */
const LOOK_MS = 3_600_000;

export interface RenewalParts {
  readonly credentials: CredentialSource;
  readonly renewals: Renewals;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
}

export interface RenewalEvents {
  /** On disk already. */
  renewed(next: Credentials): void;
  /** The farm has shut this agent out, or its credentials have ended: it has to join again. */
  ended(reason: string): void;
}

/** Renewals that keep failing. */
export interface RenewalTrouble {
  readonly sinceMs: number;
  readonly failures: number;
  /** In words, with what to do. */
  readonly message: string;
}

/** Renews the agent's credentials in time, and says when it cannot. */
export class Renewal {
  readonly #parts: RenewalParts;
  readonly #events: RenewalEvents;
  #cancel: (() => void) | null = null;
  #isStopped = false;
  #trouble: RenewalTrouble | null = null;

  constructor(parts: RenewalParts, events: RenewalEvents) {
    this.#parts = parts;
    this.#events = events;
  }

  /** null: all is well. */
  get trouble(): RenewalTrouble | null {
    return this.#trouble;
  }

  start(): void {
    const { credentials, random } = this.#parts;
    this.#waitUntil(renewAtMs(credentials.current(), random()));
  }

  /** Idempotent. */
  stop(): void {
    this.#isStopped = true;
    this.#cancel?.();
  }

  #waitUntil(atMs: number): void {
    if (this.#isStopped) return;
    const { clock } = this.#parts;
    const restMs = atMs - clock.nowMs();
    if (restMs <= 0) return void this.#renew();
    this.#cancel = clock.after(Math.min(restMs, LOOK_MS), () => this.#waitUntil(atMs));
  }

  async #renew(): Promise<void> {
    const { credentials, renewals, clock, log } = this.#parts;
    const current = credentials.current();
    const result = await renewals.renew(current);
    if (this.#isStopped) return;
    if (!result.ok) {
      const { message, advice } = joinFailureWords(result.failure);
      if (result.failure.kind === "revoked") return this.#end(message);
      // By this machine's clock, which may be wrong: so only after the farm has not renewed them.
      if (clock.nowMs() >= current.notAfterMs) {
        return this.#end(
          `The agent's credentials ended on ${time(current.notAfterMs)}, and were not renewed: ${message}`,
        );
      }
      return this.#failed(current, `${message} ${advice}`);
    }
    try {
      renewals.keep(result.credentials);
    } catch (cause) {
      return this.#failed(current, `The new credentials cannot be stored: ${String(cause)}`);
    }
    this.#trouble = null;
    log.info({ notAfter: time(result.credentials.notAfterMs) }, "the agent's credentials are renewed");
    this.#events.renewed(result.credentials);
    this.start();
  }

  #failed(current: Credentials, message: string): void {
    const { clock, log, random } = this.#parts;
    const nowMs = clock.nowMs();
    const failures = (this.#trouble?.failures ?? 0) + 1;
    this.#trouble = { sinceMs: this.#trouble?.sinceMs ?? nowMs, failures, message };
    const delayMs = backoffMs(failures, random(), renewalBackoff(current));
    const fields = { reason: message, failures, delayMs, notAfter: time(current.notAfterMs) };
    if (isRunningOut(current, nowMs)) log.error(fields, "the agent's credentials end soon, and cannot be renewed");
    else log.warn(fields, "the agent's credentials could not be renewed");
    this.#waitUntil(nowMs + delayMs);
  }

  #end(reason: string): void {
    this.#isStopped = true;
    this.#events.ended(reason);
  }
}
