import { attemptKey, type AttemptRef } from "../domain/attempt-key.ts";
import { attemptTransition, type AttemptEffect, type AttemptEvent, type AttemptState } from "../domain/attempt-life.ts";
import type { Assignment } from "../domain/job.ts";
import { PASSED, type Verdict } from "../domain/outcome.ts";
import type { SecretBook } from "../domain/redaction/secret-book.ts";
import type { StopCause } from "../domain/stop-cause.ts";
import type { Clock } from "../ports/clock.ts";
import type { Execution, Executor } from "../ports/executor.ts";
import type { Log } from "../ports/log.ts";
import type { Spool, SpooledAttempt } from "../ports/spool.ts";
import { AttemptRecorder } from "./attempt-recorder.ts";
import { JobTimer } from "./job-timer.ts";
import { RecentKeys } from "./recent-keys.ts";
import { sinkFor } from "./recording-sink.ts";

/** How often the last frame is tried again while the disk does not take it. */
const RECORD_RETRY_MS = 1_000;
/** Attempts whose late deliveries are recognised after they are gone from the spool. */
const RECENT_MAX = 20_000;

export interface AttemptsParts {
  readonly spool: Spool;
  readonly executor: Executor;
  readonly clock: Clock;
  readonly log: Log;
  /** Taken out of all that is recorded. */
  readonly secrets: SecretBook;
}

export interface AttemptsOptions {
  /** How many jobs run at a time. */
  readonly slots: number;
  /** Attempts that may be in the spool, waiting, running or not acknowledged. */
  readonly attemptsMax: number;
  /** Attempts that are taken before no more are; null: any number. */
  readonly takenMax: number | null;
}

export type TakeResult =
  /** It is in the spool now, or was known already. */
  | "taken"
  /** No room: to be delivered again later. */
  | "held-back";

interface LiveAttempt {
  readonly spooled: SpooledAttempt;
  readonly assignment: Assignment;
  state: AttemptState;
  recorder: AttemptRecorder;
  timer: JobTimer | null;
  execution: Execution | null;
  stepTitle: string;
}

/**
 * The attempts of this agent: takes assignments, runs them in slots, stops
 * them, and records how they ended. What to do is decided by
 * `attemptTransition`; this performs it.
 */
export class Attempts {
  readonly #parts: AttemptsParts;
  readonly #options: AttemptsOptions;
  readonly #appended: (attempt: SpooledAttempt) => void;
  readonly #live = new Map<string, LiveAttempt>();
  readonly #recent = new RecentKeys(RECENT_MAX);
  /** In the order taken. */
  readonly #queue = new Set<LiveAttempt>();
  #running = 0;
  #taken = 0;
  #filling = false;
  #idle: (() => void)[] = [];
  #closed = false;

  /** `appended` is told of every attempt that has new frames. */
  constructor(parts: AttemptsParts, options: AttemptsOptions, appended: (attempt: SpooledAttempt) => void) {
    this.#parts = parts;
    this.#options = options;
    this.#appended = appended;
  }

  /** It has taken all that it ever takes. */
  get isSpent(): boolean {
    const { takenMax } = this.#options;
    return takenMax !== null && this.#taken >= takenMax;
  }

  get running(): number {
    return this.#running;
  }

  get waiting(): number {
    return this.#queue.size;
  }

  /** `bytes` is the assignment as it came; it is in the spool before anything else happens. */
  take(assignment: Assignment, bytes: Uint8Array): TakeResult {
    const { spool, clock, secrets } = this.#parts;
    const key = attemptKey(assignment.ref);
    if (this.#recent.has(key) || spool.find(key)) return "taken";
    if (this.#closed || spool.isFull || spool.size >= this.#options.attemptsMax) return "held-back";
    if (this.isSpent) return "held-back";
    const spooled = spool.create(assignment.ref, bytes);
    if (!spooled) return "held-back";
    this.#taken++;
    const recorder = new AttemptRecorder(
      spooled,
      assignment.job.limits,
      { clock, secrets },
      {
        appended: () => this.#appended(spooled),
        limitReached: () => this.stop(key, { kind: "log-limit", logBytesMax: assignment.job.limits.logBytesMax }),
        spoolFailed: () => this.stop(key, { kind: "spool-failed", message: "its disk does not take what is written" }),
      },
    );
    const attempt: LiveAttempt = {
      spooled,
      assignment,
      state: { name: "waiting" },
      recorder,
      timer: null,
      execution: null,
      stepTitle: "",
    };
    this.#live.set(key, attempt);
    this.#queue.add(attempt);
    this.#fillSlots();
    return "taken";
  }

  /** Does nothing when the attempt is not here or has ended. */
  stop(key: string, cause: StopCause): void {
    const attempt = this.#live.get(key);
    if (attempt) this.#apply(attempt, { type: "stop", cause });
  }

  /** The coordinator has every frame of the attempt. */
  acknowledged(spooled: SpooledAttempt): void {
    this.#recent.add(spooled.key);
    const attempt = this.#live.get(spooled.key);
    if (attempt) this.#apply(attempt, { type: "acknowledge" });
    else spooled.remove();
  }

  /** The coordinator does not want the attempt. */
  refused(ref: AttemptRef, reason: string): void {
    const key = attemptKey(ref);
    this.#recent.add(key);
    const attempt = this.#live.get(key);
    if (!attempt) return this.#parts.spool.find(key)?.remove();
    attempt.recorder.mute();
    this.#apply(attempt, { type: "refuse", reason });
  }

  /** Takes nothing more and stops everything; resolves when no job runs any more. */
  async stopAll(cause: StopCause): Promise<void> {
    this.#closed = true;
    for (const key of this.#live.keys()) this.stop(key, cause);
    if (this.#running === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#idle.push(resolve);
    await promise;
  }

  #fillSlots(): void {
    // A job may end while it is being started; the loop below goes on then, not a deeper one.
    if (this.#filling || this.#closed) return;
    this.#filling = true;
    for (const attempt of this.#queue) {
      if (this.#running >= this.#options.slots) break;
      this.#queue.delete(attempt);
      this.#apply(attempt, { type: "start" });
    }
    this.#filling = false;
  }

  #apply(attempt: LiveAttempt, event: AttemptEvent): void {
    const { state, effects } = attemptTransition(attempt.state, event);
    attempt.state = state;
    for (const effect of effects) this.#perform(attempt, effect);
  }

  #perform(attempt: LiveAttempt, effect: AttemptEffect): void {
    switch (effect.type) {
      case "execute":
        return this.#execute(attempt);
      case "halt":
        this.#parts.log.info({ attempt: attempt.spooled.key, cause: effect.cause }, "a job is stopped");
        attempt.timer?.cancel();
        return attempt.execution?.stop();
      case "record":
        return this.#record(attempt, effect.verdict);
      case "free-slot":
        attempt.timer?.cancel();
        attempt.execution = null;
        this.#running--;
        this.#fillSlots();
        if (this.#running === 0) for (const idle of this.#idle.splice(0)) idle();
        return;
      case "leave-queue":
        this.#queue.delete(attempt);
        return;
      case "drop-spool":
        this.#live.delete(attempt.spooled.key);
        return attempt.spooled.remove();
    }
  }

  #execute(attempt: LiveAttempt): void {
    const { spool, executor, clock } = this.#parts;
    const { spooled, assignment, recorder } = attempt;
    const { timeoutMs } = assignment.job.limits;
    this.#running++;
    const timer = new JobTimer(clock, timeoutMs, () => {
      this.stop(spooled.key, { kind: "timed-out", timeoutMs, during: attempt.stepTitle });
    });
    attempt.timer = timer;
    const sink = sinkFor(recorder, spool, timer, {
      stepStarted: (title) => void (attempt.stepTitle = title),
      ended: (verdict) => this.#apply(attempt, { type: "end", verdict }),
    });
    const execution = executor.start({ ref: assignment.ref, job: assignment.job }, sink);
    // An executor may end, or be stopped by what it reports, before it returns.
    if (attempt.state.name === "running") attempt.execution = execution;
    else if (attempt.state.name === "stopping") {
      attempt.execution = execution;
      execution.stop();
    }
  }

  #record(attempt: LiveAttempt, verdict: Verdict): void {
    const { log, clock, secrets } = this.#parts;
    if (verdict !== PASSED) {
      const shown = secrets.redactIn(verdict);
      log.info({ attempt: attempt.spooled.key, job: attempt.assignment.job.name, ...shown }, "a job ended");
    }
    if (attempt.recorder.finish(verdict) || attempt.state.name === "gone") return;
    clock.after(RECORD_RETRY_MS, () => {
      if (attempt.state.name === "finished") this.#record(attempt, verdict);
    });
  }
}
