import { attemptKey, type AttemptRef } from "../domain/attempt-key.ts";
import { backoffMs } from "../domain/backoff.ts";
import type { Clock } from "../ports/clock.ts";
import type { AckedTo, Coordinator, ResultsConnection } from "../ports/coordinator.ts";
import type { Log } from "../ports/log.ts";
import type { Spool, SpooledAttempt } from "../ports/spool.ts";
import { SendQueue } from "./send-queue.ts";

/** Bytes of one message, roughly: large enough to be cheap, small enough to be acknowledged soon. */
const BATCH_BYTES = 256 * 1024;
/** What one attempt may put into a batch while others wait. */
const TURN_BYTES = 128 * 1024;
const WELCOME_TIMEOUT_MS = 15_000;
/** Frames on their way, and none acknowledged for so long: the connection is given up. */
const PROGRESS_TIMEOUT_MS = 60_000;
const BACKOFF = { baseMs: 100, capMs: 5_000 };

export interface ResultsStreamEvents {
  /** The coordinator holds every frame of a finished attempt. */
  acknowledged(attempt: SpooledAttempt): void;
  refused(ref: AttemptRef, reason: string): void;
  /** The coordinator does not know this agent; `open` is to be called after registering. */
  registrationNeeded(): void;
}

type StreamState =
  | { readonly name: "closed" }
  /** Waits before the next try. */
  | { readonly name: "waiting"; readonly cancel: () => void }
  /** The hello is sent; `greeted` are its attempts. */
  | {
      readonly name: "greeting";
      readonly connection: ResultsConnection;
      readonly greeted: readonly SpooledAttempt[];
      readonly cancel: () => void;
    }
  | {
      readonly name: "open";
      readonly connection: ResultsConnection;
      readonly isHeld: boolean;
      readonly cancel: () => void;
    }
  | { readonly name: "stopped" };

export interface AgentIds {
  readonly agentId: string;
  readonly sessionId: string;
}

export interface ResultsStreamParts {
  readonly spool: Spool;
  readonly coordinator: Coordinator;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
}

/**
 * The one stream on which everything in the spool travels to the coordinator.
 * After any break it is opened again, for ever, and goes on after the last frame
 * that the coordinator holds.
 */
export class ResultsStream {
  readonly #parts: ResultsStreamParts;
  readonly #ids: AgentIds;
  readonly #events: ResultsStreamEvents;
  readonly #queue = new SendQueue();
  #state: StreamState = { name: "closed" };
  /** Tells what an earlier connection still says from the present one. */
  #generation = 0;
  #windowBytes = BATCH_BYTES;
  /** Ends of the stream since the coordinator last took what it was sent, or had nothing to take. */
  #failures = 0;
  #pumpScheduled = false;
  #progressMs = 0;

  constructor(parts: ResultsStreamParts, ids: AgentIds, events: ResultsStreamEvents) {
    this.#parts = parts;
    this.#ids = ids;
    this.#events = events;
  }

  get isOpen(): boolean {
    return this.#state.name === "open";
  }

  /** Opens the stream unless it is open or being opened. Called after every registration. */
  open(windowBytes: number): void {
    this.#windowBytes = windowBytes;
    if (this.#state.name === "closed") this.#connect();
  }

  /** Ends the stream that is open, or being opened, and opens another: with the newest credentials. Nothing is lost by it. */
  reopen(): void {
    const state = this.#state;
    if (state.name !== "greeting" && state.name !== "open") return;
    state.cancel();
    state.connection.close();
    this.#queue.clear();
    this.#connect();
  }

  /** The attempt has new frames. They are sent after the present turn of the event loop, together with others'. */
  appended(attempt: SpooledAttempt): void {
    if (this.#state.name !== "open") return;
    this.#queue.add(attempt);
    this.#schedulePump();
  }

  /** Ends the stream for good. Idempotent. */
  stop(): void {
    const state = this.#state;
    this.#generation++;
    this.#state = { name: "stopped" };
    this.#queue.clear();
    if ("cancel" in state) state.cancel();
    if (state.name === "greeting" || state.name === "open") state.connection.close();
  }

  #connect(): void {
    const { spool, coordinator, clock } = this.#parts;
    const generation = ++this.#generation;
    const isCurrent = () => generation === this.#generation;
    const greeted = [...spool.attempts()].filter((attempt) => attempt.lastSeq > 0);
    const connection = coordinator.openResults(
      { ...this.#ids, attempts: greeted.map(({ ref }) => ref) },
      {
        welcomed: (resume) => isCurrent() && this.#welcomed(resume),
        acked: (acks) => isCurrent() && this.#acked(acks),
        refused: (ref, reason) => isCurrent() && this.#refused(ref, reason),
        writable: () => isCurrent() && this.#writable(),
        closed: (reason, registerFirst) => isCurrent() && this.#closed(reason, registerFirst),
      },
    );
    const cancel = clock.after(WELCOME_TIMEOUT_MS, () => {
      connection.close();
      if (isCurrent()) this.#closed("the coordinator did not answer the hello", false);
    });
    this.#state = { name: "greeting", connection, greeted, cancel };
  }

  #welcomed(resume: readonly AckedTo[]): void {
    const state = this.#state;
    if (state.name !== "greeting") return;
    state.cancel();
    this.#parts.log.info({ attempts: state.greeted.length }, "the results stream is open");
    this.#state = {
      name: "open",
      connection: state.connection,
      isHeld: false,
      cancel: this.#watchProgress(state.connection),
    };
    const resumeAt = new Map(resume.map(({ ref, seq }) => [attemptKey(ref), seq]));
    // What came to the spool since the hello begins with its first frame.
    for (const attempt of this.#parts.spool.attempts()) {
      const seq = Math.min(resumeAt.get(attempt.key) ?? 0, attempt.lastSeq);
      attempt.rewind(seq + 1);
      if (attempt.acknowledge(seq)) this.#events.acknowledged(attempt);
      else this.#queue.add(attempt);
    }
    if (!this.#queue.hasReady) this.#failures = 0;
    this.#schedulePump();
  }

  #acked(acks: readonly AckedTo[]): void {
    this.#progressMs = this.#parts.clock.nowMs();
    this.#failures = 0;
    for (const { ref, seq } of acks) {
      const attempt = this.#parts.spool.find(attemptKey(ref));
      if (!attempt) continue;
      this.#queue.acked(attempt, seq);
      if (attempt.acknowledge(seq)) this.#events.acknowledged(attempt);
    }
    if (this.#queue.hasReady) this.#schedulePump();
  }

  #refused(ref: AttemptRef, reason: string): void {
    const attempt = this.#parts.spool.find(attemptKey(ref));
    if (!attempt) return;
    this.#parts.log.warn({ attempt: attempt.key, reason }, "the coordinator refused an attempt");
    this.#failures = 0;
    this.#events.refused(ref, reason);
    this.#queue.remove(attempt);
    this.#schedulePump();
  }

  #writable(): void {
    if (this.#state.name !== "open") return;
    this.#state = { ...this.#state, isHeld: false };
    this.#schedulePump();
  }

  #closed(reason: string, registerFirst: boolean): void {
    const { clock, log, random } = this.#parts;
    if ("cancel" in this.#state) this.#state.cancel();
    this.#generation++;
    this.#queue.clear();
    this.#failures++;
    const delayMs = backoffMs(this.#failures, random(), BACKOFF);
    log.warn({ reason, delayMs }, "the results stream is closed");
    const cancel = clock.after(delayMs, () => {
      this.#state = { name: "closed" };
      if (registerFirst) this.#events.registrationNeeded();
      else this.#connect();
    });
    this.#state = { name: "waiting", cancel };
  }

  /** A coordinator that takes frames and says nothing is as good as none. */
  #watchProgress(connection: ResultsConnection): () => void {
    const { clock } = this.#parts;
    const generation = this.#generation;
    this.#progressMs = clock.nowMs();
    let cancel = (): void => undefined;
    const check = (): void => {
      if (generation !== this.#generation) return;
      if (this.#queue.inFlightBytes === 0) this.#progressMs = clock.nowMs();
      if (clock.nowMs() - this.#progressMs >= PROGRESS_TIMEOUT_MS) {
        connection.close();
        this.#closed("the coordinator acknowledges nothing", false);
      } else cancel = clock.after(PROGRESS_TIMEOUT_MS / 4, check);
    };
    check();
    return () => cancel();
  }

  #schedulePump(): void {
    if (this.#pumpScheduled) return;
    this.#pumpScheduled = true;
    setImmediate(() => {
      this.#pumpScheduled = false;
      this.#pump();
    });
  }

  /** Sends what there is, as far as the window and the connection allow. */
  #pump(): void {
    for (;;) {
      const state = this.#state;
      if (state.name !== "open" || state.isHeld || !this.#queue.hasReady) return;
      const room = this.#windowBytes - this.#queue.inFlightBytes;
      if (room <= 0) return;
      this.#fillBatch(state.connection, Math.min(room, BATCH_BYTES));
      if (!state.connection.send()) this.#state = { ...state, isHeld: true };
    }
  }

  #fillBatch(connection: ResultsConnection, bytesMax: number): void {
    const batch = connection.batch();
    while (batch.bytes < bytesMax) {
      const attempt = this.#queue.next();
      if (!attempt) return;
      const bytes = attempt.read(Math.min(TURN_BYTES, bytesMax - batch.bytes), (frame) => batch.add(frame));
      if (bytes > 0) this.#queue.sent(attempt, bytes);
      this.#queue.add(attempt);
    }
  }
}
