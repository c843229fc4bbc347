import type { Logger } from "pino";
import { assignReady } from "../domain/assign-ready.ts";
import type { AttemptKey } from "../domain/attempt-key.ts";
import { newEffects, type Effects } from "../domain/effects.ts";
import { findAttempt, findJob, type FarmState } from "../domain/farm-state.ts";
import { workOf } from "../domain/job-work.ts";
import type { AgentBus } from "../ports/agent-bus.ts";
import type { Clock } from "../ports/clock.ts";
import type { Metrics } from "../ports/metrics.ts";
import type { ChangeHub } from "./change-hub.ts";
import type { GroupCommit } from "./group-commit.ts";
import type { MeasureTasks } from "./measure-tasks.ts";
import type { PlanCache } from "./plan-cache.ts";

export interface FarmEngineOptions {
  readonly leaseTtlMs: number;
}

/**
 * The one place where the farm's memory changes. `act` runs a decision, gives
 * free slots to waiting jobs, makes all of it durable in one commit, and only
 * then performs what leaves the process: assignments, stop requests, news for
 * watchers.
 */
export class FarmEngine {
  readonly farm: FarmState;
  readonly leaseTtlMs: number;
  readonly #commits: GroupCommit;
  readonly #bus: AgentBus;
  readonly #plans: PlanCache;
  readonly #measures: Pick<MeasureTasks, "of">;
  readonly #hub: ChangeHub;
  readonly #metrics: Metrics;
  readonly #clock: Clock;
  readonly #log: Logger;

  constructor(
    farm: FarmState,
    parts: {
      readonly commits: GroupCommit;
      readonly bus: AgentBus;
      readonly plans: PlanCache;
      readonly measures: Pick<MeasureTasks, "of">;
      readonly hub: ChangeHub;
      readonly metrics: Metrics;
      readonly clock: Clock;
      readonly log: Logger;
    },
    options: FarmEngineOptions,
  ) {
    this.farm = farm;
    this.leaseTtlMs = options.leaseTtlMs;
    this.#commits = parts.commits;
    this.#bus = parts.bus;
    this.#plans = parts.plans;
    this.#measures = parts.measures;
    this.#hub = parts.hub;
    this.#metrics = parts.metrics;
    this.#clock = parts.clock;
    this.#log = parts.log;
  }

  /**
   * Runs `decide` on the farm, synchronously, and resolves with its result once
   * everything that followed is durable. Decisions take effect in the order of
   * the calls.
   */
  async act<T>(decide: (farm: FarmState, effects: Effects, nowMs: number) => T): Promise<T> {
    const effects = newEffects();
    const nowMs = this.#clock.nowMs();
    const result = decide(this.farm, effects, nowMs);
    this.#assignReady(effects, nowMs);
    if (effects.ops.length > 0) await this.#commits.add(effects.ops);
    this.#perform(effects);
    return result;
  }

  /** Resolves when every decision made so far is durable. */
  settled(): Promise<void> {
    return this.#commits.add([]);
  }

  /** Gives the assignments of attempts that have not begun to the transport again; agents drop what they know. */
  publishAgain(keys: readonly AttemptKey[]): void {
    for (const key of keys) this.#publish(key);
  }

  #assignReady(effects: Effects, nowMs: number): void {
    const startedMs = performance.now();
    const assignments = assignReady(this.farm, { nowMs, leaseTtlMs: this.leaseTtlMs }, effects);
    this.#metrics.scheduled(assignments, performance.now() - startedMs);
  }

  #perform(effects: Effects): void {
    // Before the assignments: a test must find what its build has made.
    for (const run of effects.builtRuns) this.#hub.built(run);
    this.publishAgain(effects.assign);
    for (const { agentId, key, reason } of effects.stop) this.#bus.requestStop(agentId, key, reason);
    for (const agentId of effects.checkHealth) this.#bus.requestHealthCheck(agentId);
    for (const { kind, pool, waitedMs } of effects.queued) this.#metrics.jobQueued(kind, pool, waitedMs);
    for (const verdict of effects.verdicts) this.#metrics.runJudged(verdict);
    for (const { kind, pool, waitedMs } of effects.started) this.#metrics.jobStarted(kind, pool, waitedMs);
    for (const { kind, outcome } of effects.finished) this.#metrics.jobFinished(kind, outcome);
    for (const { kind } of effects.reused) this.#metrics.jobReused(kind);
    for (const key of effects.released) this.#hub.logChanged(key);
    for (const run of effects.completedRuns) this.#hub.completed(run);
    for (const run of effects.judgedRuns) this.#hub.judged(run);
    for (const run of effects.changedRuns) this.#hub.runChanged(run);
  }

  #publish(key: AttemptKey): void {
    this.#send(key).catch((cause: unknown) => {
      // The lease watch publishes it again; nothing is lost.
      this.#log.warn({ ...key, err: cause }, "an assignment could not be published");
    });
  }

  async #send(key: AttemptKey): Promise<void> {
    const plan = await this.#plans.get(key.run);
    const planned = plan.jobs[key.job];
    if (!planned) throw new Error(`the plan of r${key.run} has no job ${key.job}`);
    const isMeasure = planned.kind === "bench" || planned.kind === "profile";
    const known = isMeasure ? this.farm.runs.get(key.run) : undefined;
    const measure = isMeasure && known ? await this.#measures.of(known.row, planned, key.job) : null;
    // As of now: it may have ended while its work was looked up.
    const attempt = findAttempt(this.farm, key);
    if (!attempt) return;
    const { run, job } = findJob(this.farm, key);
    const wheel = wheelOf(run.jobs, job.needs);
    attempt.publishedAtMs = this.#clock.nowMs();
    const work = workOf(plan, planned, run.row.source, wheel, measure);
    await this.#bus.publishAssignment({
      agentId: attempt.agentId,
      key,
      leaseTtlMs: this.leaseTtlMs,
      devices: attempt.devices,
      work,
    });
  }
}

function wheelOf(jobs: FarmJobs, needs: readonly number[]): FarmJobs[number]["wheel"] {
  for (const index of needs) {
    const wheel = jobs[index]?.wheel;
    if (wheel) return wheel;
  }
  return null;
}

type FarmJobs = NonNullable<ReturnType<FarmState["runs"]["get"]>>["jobs"];
