import type { Logger } from "pino";
import { refreshModes, SPENT } from "../domain/agent-changes.ts";
import { modeAt } from "../domain/agent-standing.ts";
import { applyJobEvent } from "../domain/apply-job-event.ts";
import { attemptId, type AttemptKey } from "../domain/attempt-key.ts";
import { explainWait, isRunnableSomewhere } from "../domain/explain-wait.ts";
import { findAttempt, findJob, type FarmState } from "../domain/farm-state.ts";
import type { LiveJob, LiveRun } from "../domain/live-job.ts";
import type { Heartbeat } from "../domain/heartbeat.ts";
import { KEEP_FREE_AFTER_MS } from "../domain/schedule.ts";
import type { AgentBus } from "../ports/agent-bus.ts";
import type { Clock } from "../ports/clock.ts";
import type { Metrics } from "../ports/metrics.ts";
import type { FarmEngine } from "./farm-engine.ts";

export interface LivenessOptions {
  /** How long a job may wait when no registered agent could ever run it. */
  readonly noAgentGraceMs: number;
  readonly checkIntervalMs: number;
}

/**
 * Watches leases. Heartbeats renew the leases of the attempts that they list;
 * an attempt that is not heard of for its lease's length is lost, and its job
 * goes on within its budget.
 */
export class Liveness {
  readonly #engine: FarmEngine;
  readonly #bus: AgentBus;
  readonly #metrics: Metrics;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #options: LivenessOptions;
  #timer: NodeJS.Timeout | null = null;
  #lastHopeMs = 0;
  #checking: Promise<void> = Promise.resolve();

  constructor(
    engine: FarmEngine,
    parts: { readonly bus: AgentBus; readonly metrics: Metrics; readonly clock: Clock; readonly log: Logger },
    options: LivenessOptions,
  ) {
    this.#engine = engine;
    this.#bus = parts.bus;
    this.#metrics = parts.metrics;
    this.#clock = parts.clock;
    this.#log = parts.log;
    this.#options = options;
  }

  start(): void {
    this.#bus.onHeartbeat((heartbeat) => this.heartbeat(heartbeat));
    this.#bus.onReconnected(() => this.#publishWaiting());
    this.#publishWaiting();
    this.#timer = setInterval(() => {
      this.#checking = this.check().catch((cause: unknown) => {
        this.#log.error({ err: cause }, "leases could not be checked");
      });
    }, this.#options.checkIntervalMs);
  }

  async stop(): Promise<void> {
    if (this.#timer) clearInterval(this.#timer);
    await this.#checking;
  }

  heartbeat(heartbeat: Heartbeat): void {
    const { farm } = this.#engine;
    const nowMs = this.#clock.nowMs();
    const agent = farm.agents.get(heartbeat.agentId);
    if (!agent || agent.row.sessionId !== heartbeat.sessionId) {
      this.#bus.requestRegistration(heartbeat.agentId);
      return;
    }
    // Sent before NATS had let go of it: it is given nothing.
    if (agent.standing.revoked) return;
    const cameBack = agent.presence !== "online";
    agent.lastSeenMs = nowMs;
    agent.presence = "online";
    agent.diskFreeBytes = heartbeat.diskFreeBytes;
    agent.spoolBytes = heartbeat.spoolBytes;
    agent.readings = heartbeat.readings;
    for (const key of heartbeat.attempts) {
      const attempt = findAttempt(farm, key);
      if (attempt?.agentId !== heartbeat.agentId) {
        this.#bus.requestStop(heartbeat.agentId, key, "finished or superseded");
        continue;
      }
      attempt.deadlineMs = nowMs + this.#engine.leaseTtlMs;
      const { job } = findJob(farm, key);
      if (job.life.state.name === "cancelling") this.#bus.requestStop(heartbeat.agentId, key, job.summary);
      else if (attempt.withdrawn !== "") this.#bus.requestStop(heartbeat.agentId, key, attempt.withdrawn);
    }
    if (agent.row.ephemeral && agent.busy === 0 && agent.mode.reason === SPENT) {
      this.#bus.requestLeave(heartbeat.agentId, `it ${SPENT}`);
    }
    if (!cameBack) return;
    farm.agentsRevision += 1;
    this.#engine.act(() => undefined).catch((cause: unknown) => this.#log.error({ err: cause }, "scheduling failed"));
  }

  /** Ends what has run out: leases, and the patience with jobs that nobody can run. */
  async check(): Promise<void> {
    const nowMs = this.#clock.nowMs();
    const { farm, leaseTtlMs } = this.#engine;
    for (const agent of farm.agents.values()) {
      if (agent.presence === "offline" || agent.lastSeenMs + leaseTtlMs >= nowMs) continue;
      agent.presence = "offline";
      farm.agentsRevision += 1;
    }
    await this.#refreshModes(nowMs);
    const expired = [...farm.attempts.values()].filter((attempt) => attempt.deadlineMs < nowMs);
    const late = [...farm.attempts.values()].filter(
      (attempt) =>
        attempt.deadlineMs >= nowMs &&
        attempt.progress.acceptedSeq === 0 &&
        attempt.publishedAtMs + leaseTtlMs / 2 < nowMs &&
        farm.agents.get(attempt.agentId)?.presence === "online",
    );
    if (this.#bus.isConnected()) this.#engine.publishAgain(late.map((attempt) => attempt.key));
    const hopeless = hopelessJobs(farm, nowMs - this.#options.noAgentGraceMs);
    if (expired.length === 0 && hopeless.length === 0) return;
    await this.#engine.act((state, effects) => {
      for (const { key, agentId } of expired) {
        if (!findAttempt(state, key)) continue;
        this.#metrics.leaseExpired();
        this.#log.warn({ ...key, agentId }, "an attempt lost its lease");
        const { run, job } = findJob(state, key);
        const name = state.agents.get(agentId)?.row.name ?? agentId;
        const summary = `agent ${name} was not heard of for ${Math.round(leaseTtlMs / 1000)} s`;
        applyJobEvent(state, run, job, { type: "lose", nowMs }, { nowMs, leaseTtlMs, summary }, effects);
      }
      for (const { run, job } of hopeless) {
        const summary = explainWait(state, run, job.pool);
        applyJobEvent(state, run, job, { type: "give-up" }, { nowMs, leaseTtlMs, summary }, effects);
      }
    });
  }

  /** Maintenance windows open and close by the clock alone; so does the patience of jobs that hope for a machine. */
  async #refreshModes(nowMs: number): Promise<void> {
    const { farm } = this.#engine;
    const isDue = [...farm.agents.values()].some(
      ({ standing, mode }) => standing.windows.length > 0 && modeAt(standing, nowMs).name !== mode.name,
    );
    const isHoping = nowMs - this.#lastHopeMs >= KEEP_FREE_AFTER_MS / 4 && hasHopefulJobs(farm);
    if (!isDue && !isHoping) return;
    this.#lastHopeMs = nowMs;
    await this.#engine.act((state, effects) => void refreshModes(state, nowMs, effects));
  }

  /** After a restart of either side the transport may have lost what was not taken yet. */
  #publishWaiting(): void {
    const waiting: AttemptKey[] = [];
    for (const attempt of this.#engine.farm.attempts.values()) {
      if (attempt.progress.acceptedSeq === 0) waiting.push(attempt.key);
    }
    if (waiting.length > 0) this.#log.info({ attempts: waiting.map(attemptId) }, "publishing assignments again");
    this.#engine.publishAgain(waiting);
  }
}

/** True when some job waits for a whole machine or for several GPUs. */
function hasHopefulJobs(farm: FarmState): boolean {
  for (const { pool } of farm.ready.entries()) if (pool.host || pool.gpus > 1) return true;
  return false;
}

/** Ready jobs that have waited since before `sinceMs` and that no registered agent could run. */
function hopelessJobs(farm: FarmState, sinceMs: number): { run: LiveRun; job: LiveJob }[] {
  const found: { run: LiveRun; job: LiveJob }[] = [];
  const runnable = new Map<string, boolean>();
  for (const run of farm.runs.values()) {
    for (const job of run.jobs) {
      const { state } = job.life;
      if (state.name !== "ready" || state.sinceMs > sinceMs) continue;
      let possible = runnable.get(job.pool.key);
      if (possible === undefined) runnable.set(job.pool.key, (possible = isRunnableSomewhere(farm, job.pool)));
      if (!possible) found.push({ run, job });
    }
  }
  return found;
}
