import type { SpooledAttempt } from "../ports/spool.ts";

/** Frames of one attempt that are on their way. */
interface InFlight {
  readonly lastSeq: number;
  readonly bytes: number;
}

/**
 * Whose frames are sent next, and how many bytes are on their way: every
 * attempt with something to send gets its turn, in rounds, and what is not
 * acknowledged stays within the window.
 */
export class SendQueue {
  /** Attempts with frames to send, in the order of their turns. */
  readonly #ready = new Set<SpooledAttempt>();
  readonly #inFlight = new Map<SpooledAttempt, InFlight[]>();
  #inFlightBytes = 0;

  get inFlightBytes(): number {
    return this.#inFlightBytes;
  }

  get hasReady(): boolean {
    return this.#ready.size > 0;
  }

  /** The attempt has, or may have, frames to send. */
  add(attempt: SpooledAttempt): void {
    if (attempt.nextSeq <= attempt.lastSeq) this.#ready.add(attempt);
  }

  /** The attempt whose turn it is; it goes to the end of the round when `add`ed again. */
  next(): SpooledAttempt | null {
    for (const attempt of this.#ready) {
      this.#ready.delete(attempt);
      return attempt;
    }
    return null;
  }

  sent(attempt: SpooledAttempt, bytes: number): void {
    const sent = { lastSeq: attempt.nextSeq - 1, bytes };
    const list = this.#inFlight.get(attempt);
    if (list) list.push(sent);
    else this.#inFlight.set(attempt, [sent]);
    this.#inFlightBytes += bytes;
  }

  acked(attempt: SpooledAttempt, seq: number): void {
    const list = this.#inFlight.get(attempt);
    if (!list) return;
    let done = 0;
    for (const { lastSeq, bytes } of list) {
      if (lastSeq > seq) break;
      this.#inFlightBytes -= bytes;
      done++;
    }
    if (done === list.length) this.#inFlight.delete(attempt);
    else if (done > 0) list.splice(0, done);
  }

  /** Nothing more of this attempt is sent. */
  remove(attempt: SpooledAttempt): void {
    this.#ready.delete(attempt);
    this.acked(attempt, Infinity);
  }

  clear(): void {
    this.#ready.clear();
    this.#inFlight.clear();
    this.#inFlightBytes = 0;
  }
}
