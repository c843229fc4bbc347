import type { AttemptRef } from "../domain/attempt-key.ts";
import { attemptKey } from "../domain/attempt-key.ts";
import { failureOf, type HealthCheck, type HealthMoment } from "../domain/health/health-check.ts";
import type { JobDevices } from "../domain/job.ts";
import type { Clock } from "../ports/clock.ts";
import type { HealthProbe, HealthReporter } from "../ports/health.ts";
import type { Log } from "../ports/log.ts";
import { HealthReports } from "./health-reports.ts";

/** How far a look may be from its interval, as a part of it: agents that started together do not look together. */
const JITTER = 0.2;
/** How long a look waits that would disturb a job which has the machine to itself. */
const POSTPONED_MS = 60_000;
/** How long a sound device waits until its report has arrived. */
const ARRIVAL_MAX_MS = 2_000;

export interface HealthParts {
  readonly probe: HealthProbe;
  readonly reporter: HealthReporter;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
}

/** What an attempt has of the machine. */
interface Claim {
  readonly ref: AttemptRef;
  readonly devices: JobDevices;
}

/**
 * Looks at the health of this machine when it has joined, around every job that
 * has a GPU, on a schedule and when asked, and reports each look.
 */
export class Health {
  readonly #parts: HealthParts;
  readonly #intervalMs: number;
  readonly #looked: (moment: HealthMoment) => void;
  readonly #reports: HealthReports;
  readonly #claims = new Map<string, Claim>();
  readonly #stopping = new AbortController();
  #isStarted = false;
  #general: Promise<void> | null = null;
  #isAskedAgain = false;
  #cancel: (() => void) | null = null;

  /** `intervalMs`: between scheduled looks; `looked` is called after each look that no job stood beside. */
  constructor(parts: HealthParts, intervalMs: number, looked: (moment: HealthMoment) => void) {
    this.#parts = parts;
    this.#intervalMs = intervalMs;
    this.#looked = looked;
    this.#reports = new HealthReports(parts);
  }

  /** The agent has joined. Idempotent. */
  start(): void {
    if (this.#isStarted || this.#isStopped) return;
    this.#isStarted = true;
    void this.#lookAround("join");
    this.#schedule(this.#jittered());
  }

  /** Looks now; while a look is under way, at most one more follows it. */
  ask(): void {
    void this.#lookAround("asked");
  }

  /** Whether a job has the whole machine to itself: nothing of the agent's own should run beside it. */
  get isMachineTaken(): boolean {
    return [...this.#claims.values()].some(({ devices }) => devices.host);
  }

  /** Whether a job has this GPU or MIG slice, or the whole machine. */
  isTaken(device: string): boolean {
    return this.isMachineTaken || [...this.#claims.values()].some(({ devices }) => devices.gpus.includes(device));
  }

  /**
   * Before an attempt begins: its devices are its own from here until `after`
   * or `release`. Says in words which of them failed; null: none did, or the look
   * was broken off. A failure has been reported when this resolves.
   */
  async before(ref: AttemptRef, devices: JobDevices, signal: AbortSignal): Promise<string | null> {
    this.#claims.set(attemptKey(ref), { ref, devices });
    return this.#lookAtJobs("before-job", ref, devices, signal);
  }

  /** After an attempt has ended, whatever of: as `before`; its devices are free when this resolves. */
  async after(ref: AttemptRef, devices: JobDevices, signal: AbortSignal): Promise<string | null> {
    try {
      return await this.#lookAtJobs("after-job", ref, devices, signal);
    } finally {
      this.release(ref);
    }
  }

  release(ref: AttemptRef): void {
    this.#claims.delete(attemptKey(ref));
  }

  /** Breaks off what is under way, for good. Idempotent. */
  stop(): void {
    this.#stopping.abort();
    this.#cancel?.();
    this.#reports.stop();
  }

  get #isStopped(): boolean {
    return this.#stopping.signal.aborted;
  }

  async #lookAtJobs(
    moment: "before-job" | "after-job",
    ref: AttemptRef,
    { gpus }: JobDevices,
    stopped: AbortSignal,
  ): Promise<string | null> {
    if (gpus.length === 0) return null;
    const signal = AbortSignal.any([stopped, this.#stopping.signal]);
    if (signal.aborted) return null;
    const { checks, arrived } = await this.#look(moment, ref, gpus, new Set(), signal);
    const failure = failureOf(checks, gpus);
    // The coordinator learns of a bad device before it learns that the job ended, and so does not send it the next one.
    const patience = failure === null ? [delay(this.#parts.clock, ARRIVAL_MAX_MS)] : [];
    await Promise.race([arrived, aborted(signal), ...patience]);
    return failure;
  }

  /** All devices and the machine; those that jobs have are only read. */
  async #lookAround(moment: HealthMoment): Promise<void> {
    if (this.#isStopped) return;
    if (this.#general) {
      this.#isAskedAgain ||= moment === "asked";
      return;
    }
    const looking = this.#lookAtAll(moment);
    this.#general = looking;
    await looking;
    this.#general = null;
    if (!this.#isAskedAgain) return;
    this.#isAskedAgain = false;
    void this.#lookAround("asked");
  }

  async #lookAtAll(moment: HealthMoment): Promise<void> {
    const busy = new Set([...this.#claims.values()].flatMap(({ devices }) => devices.gpus));
    await this.#look(moment, null, this.#parts.probe.devices(), busy, this.#stopping.signal);
    if (!this.#isStopped) this.#looked(moment);
  }

  async #look(
    moment: HealthMoment,
    attempt: AttemptRef | null,
    devices: readonly string[],
    busy: ReadonlySet<string>,
    signal: AbortSignal,
  ): Promise<{ readonly checks: readonly HealthCheck[]; readonly arrived: Promise<void> }> {
    const { probe, clock, log } = this.#parts;
    // After a job its own processes are leftovers.
    const running = new Set([...this.#claims.keys()].filter((key) => !attempt || key !== attemptKey(attempt)));
    const look = await probe.look({ moment, devices, busy, running, signal });
    // What was broken off has found nothing.
    if (signal.aborted) return { checks: [], arrived: Promise.resolve() };
    const failed = look.checks.filter(({ status }) => status === "failed");
    if (failed.length > 0) log.error({ moment, failed }, "a health check failed");
    const arrived = this.#reports.send({ moment, attempt, atMs: clock.nowMs(), checks: look.checks }, look);
    return { checks: look.checks, arrived };
  }

  #schedule(delayMs: number): void {
    this.#cancel = this.#parts.clock.after(delayMs, () => {
      if (this.isMachineTaken) return this.#schedule(POSTPONED_MS);
      void this.#lookAround("schedule");
      this.#schedule(this.#jittered());
    });
  }

  #jittered(): number {
    return Math.round(this.#intervalMs * (1 - JITTER + 2 * JITTER * this.#parts.random()));
  }
}

function delay(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => void clock.after(ms, resolve));
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
