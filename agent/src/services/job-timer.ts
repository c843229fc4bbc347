import type { Clock } from "../ports/clock.ts";

/** Longest delay of one timer (2 ** 31 - 1 ms, about 24 days). */
const DELAY_MS_MAX = 2_147_483_647;

/** A job's time limit. Time during which the farm itself holds the job back does not count. */
export class JobTimer {
  readonly #clock: Clock;
  readonly #expired: () => void;
  #leftMs: number;
  #sinceMs = 0;
  #cancel: (() => void) | null = null;
  #over = false;

  constructor(clock: Clock, timeoutMs: number, expired: () => void) {
    this.#clock = clock;
    this.#leftMs = timeoutMs;
    this.#expired = expired;
    this.resume();
  }

  /** Stops counting. Idempotent. */
  pause(): void {
    if (!this.#cancel) return;
    this.#cancel();
    this.#cancel = null;
    this.#leftMs = Math.max(0, this.#leftMs - (this.#clock.nowMs() - this.#sinceMs));
  }

  /** Counts on. Idempotent. */
  resume(): void {
    if (this.#cancel || this.#over) return;
    this.#sinceMs = this.#clock.nowMs();
    this.#cancel = this.#clock.after(Math.min(this.#leftMs, DELAY_MS_MAX), () => {
      this.#cancel = null;
      this.#over = true;
      this.#expired();
    });
  }

  /** It never expires after this. */
  cancel(): void {
    this.pause();
    this.#over = true;
  }
}
