import type { Logger } from "pino";
import { applyJobEvent } from "../domain/apply-job-event.ts";
import { attemptId, type AttemptKey } from "../domain/attempt-key.ts";
import { acceptFrame, durableChange, type AttemptProgress } from "../domain/attempt-progress.ts";
import type { Effects } from "../domain/effects.ts";
import { findAttempt, findJob, type LiveAttempt } from "../domain/farm-state.ts";
import type { Frame, FrameBody } from "../domain/frame.ts";
import type { BlobStore } from "../ports/blob-store.ts";
import type { Clock } from "../ports/clock.ts";
import type { LogStore, LogTime } from "../ports/log-store.ts";
import type { Metrics } from "../ports/metrics.ts";
import type { ChangeHub } from "./change-hub.ts";
import type { FarmEngine } from "./farm-engine.ts";
import { LogFlusher } from "./log-flusher.ts";
import type { PlanCache } from "./plan-cache.ts";

/** Frames of one attempt, in the order in which the agent sent them. */
export interface AttemptFrames {
  readonly key: AttemptKey;
  readonly frames: readonly Frame[];
}

/** Where an agent's acknowledgements go; calls after its stream has ended do nothing. */
export interface ResultsPeer {
  readonly agentId: string;
  ack(key: AttemptKey, seq: number): void;
  refuse(key: AttemptKey, reason: string): void;
}

/** Thrown when a frame is missing: the stream must be opened again, and goes on from the last durable frame. */
export class FrameGapError extends Error {}

type ClosingBody = Extract<FrameBody, { type: "finished" }>;

/**
 * Turns what agents report into durable facts. Log bytes go to the log store,
 * facts through the engine's group commit; a frame is acknowledged only when
 * both hold it. Frames of attempts that hold no lease are refused.
 */
export class Ingest {
  readonly #engine: FarmEngine;
  readonly #logs: LogStore;
  readonly #blobs: BlobStore;
  readonly #plans: PlanCache;
  readonly #hub: ChangeHub;
  readonly #metrics: Metrics;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #flusher: LogFlusher;

  constructor(parts: {
    readonly engine: FarmEngine;
    readonly logs: LogStore;
    readonly blobs: BlobStore;
    readonly plans: PlanCache;
    readonly hub: ChangeHub;
    readonly metrics: Metrics;
    readonly clock: Clock;
    readonly log: Logger;
  }) {
    this.#engine = parts.engine;
    this.#logs = parts.logs;
    this.#blobs = parts.blobs;
    this.#plans = parts.plans;
    this.#hub = parts.hub;
    this.#metrics = parts.metrics;
    this.#clock = parts.clock;
    this.#log = parts.log;
    this.#flusher = new LogFlusher((key) => this.#makeDurable(key), parts.log);
  }

  /**
   * Takes frames; resolves once their log bytes are written, so that a caller
   * that waits for it holds the agent back when the disk is slow. Calls for one
   * agent must not overlap. Throws FrameGapError.
   */
  async accept(peer: ResultsPeer, groups: readonly AttemptFrames[]): Promise<void> {
    for (const group of groups) await this.#acceptGroup(peer, group);
  }

  /**
   * Answers an agent's hello: makes what was accepted durable and returns the
   * frame after which each attempt goes on; attempts that are not the agent's
   * are refused.
   */
  async resume(peer: ResultsPeer, keys: readonly AttemptKey[]): Promise<readonly { key: AttemptKey; seq: number }[]> {
    const resumed: { key: AttemptKey; seq: number }[] = [];
    for (const key of keys) {
      if (!this.#held(peer, key)) continue;
      await this.#makeDurable(key);
      const attempt = this.#held(peer, key);
      if (!attempt) continue;
      attempt.deadlineMs = Math.max(attempt.deadlineMs, this.#renewed());
      resumed.push({ key, seq: attempt.progress.durableSeq });
    }
    return resumed;
  }

  /** Stops the background flushing after a last flush of everything. */
  async stop(): Promise<void> {
    await this.#flusher.stop();
  }

  #renewed(): number {
    return this.#clock.nowMs() + this.#engine.leaseTtlMs;
  }

  /** The attempt when the agent holds it; otherwise refuses it and returns null. */
  #held(peer: ResultsPeer, key: AttemptKey): LiveAttempt | null {
    const attempt = findAttempt(this.#engine.farm, key);
    if (attempt && attempt.agentId === peer.agentId) return attempt;
    const reason = attempt ? "held by another agent" : "finished or superseded";
    this.#metrics.frameRefused(attempt ? "foreign" : "superseded");
    // Only once what ended the attempt is durable: a refused agent drops its spool.
    this.#engine.settled().then(
      () => peer.refuse(key, reason),
      (cause: unknown) => this.#log.error({ err: cause }, "an attempt could not be refused"),
    );
    return null;
  }

  /** Resolves once written. What is to be recorded is not waited for: other groups join its commit. */
  async #acceptGroup(peer: ResultsPeer, group: AttemptFrames): Promise<void> {
    const { key } = group;
    const attempt = this.#held(peer, key);
    if (!attempt) return;
    const plan = await this.#plans.get(key.run);
    const logBytesMax = plan.jobs[key.job]?.limits.logBytesMax ?? 0;

    // 1. Take the frames in order; duplicates are passed over.
    const before = attempt.progress;
    let progress: AttemptProgress = before;
    const taken: Frame[] = [];
    for (const frame of group.frames) {
      const verdict = acceptFrame(progress, frame, logBytesMax);
      if (verdict.type === "duplicate") continue;
      if (verdict.type === "gap") {
        throw new FrameGapError(`${attemptId(key)}: frame ${frame.seq} came where ${verdict.expectedSeq} was expected`);
      }
      if (verdict.type === "violation") return this.#violation(peer, key, verdict.message);
      progress = verdict.progress;
      taken.push(frame);
    }
    if (taken.length === 0) {
      if (before.durableSeq > 0) peer.ack(key, before.durableSeq);
      return;
    }

    // 2. Bytes first: the log, and proof that artifacts are there.
    const chunks = taken.flatMap(({ body }) => (body.type === "log" ? [body.data] : []));
    const logBytes = progress.logEnd - before.logEnd;
    this.#metrics.framesReceived(taken.length, logBytes);
    if (chunks.length > 0) await this.#logs.write(key, before.logEnd, chunks, timesOf(taken));
    for (const { body } of taken) {
      if (body.type === "artifact" && (await this.#blobs.size(body.blob.sha256)) !== body.blob.sizeBytes) {
        return this.#violation(peer, key, `its ${body.role} ${body.blob.filename} was reported and never uploaded`);
      }
    }
    const facts = taken.filter(({ body }) => body.type !== "log");
    const last = taken.at(-1)?.body;
    if (facts.length > 0 && progress.logEnd > 0) await this.#logs.sync(key);

    // 3. The attempt may have lost its lease meanwhile.
    if (!this.#held(peer, key)) return;
    attempt.progress = { ...progress, durableSeq: attempt.progress.durableSeq };
    if (chunks.length > 0) this.#hub.logChanged(key);

    // 4. Only log bytes: they are made durable and acknowledged with the next flush.
    if (facts.length === 0) {
      this.#flusher.noteWritten(key, logBytes, () => peer.ack(key, attempt.progress.durableSeq));
      return;
    }
    this.#record(peer, attempt, progress, facts, last?.type === "finished" ? last : null).catch((cause: unknown) => {
      this.#log.error({ ...key, err: cause }, "results could not be made durable");
    });
  }

  async #record(
    peer: ResultsPeer,
    attempt: LiveAttempt,
    progress: AttemptProgress,
    facts: readonly Frame[],
    closing: ClosingBody | null,
  ): Promise<void> {
    const { key } = attempt;
    await this.#engine.act((farm, effects, nowMs) => {
      if (!findAttempt(farm, key)) return;
      const { run, job } = findJob(farm, key);
      const context = { nowMs, leaseTtlMs: this.#engine.leaseTtlMs, summary: "" };
      const started = facts.find(({ body }) => body.type === "started");
      if (started?.body.type === "started") {
        const change = { ...durableChange(progress), pythonVersion: started.body.pythonVersion };
        const noted = applyJobEvent(farm, run, job, { type: "start" }, { ...context, attempt: change }, effects);
        if (noted) attempt.recordedSeq = progress.acceptedSeq;
      }
      if (closing) closeAttempt(this.#engine, key, progress, closing, effects, nowMs);
      else recordProgress(attempt, progress, effects);
    });
    attempt.progress = { ...attempt.progress, durableSeq: Math.max(attempt.progress.durableSeq, progress.acceptedSeq) };
    peer.ack(key, progress.acceptedSeq);
    if (closing) {
      this.#flusher.forget(key);
      await this.#logs.close(key);
    }
  }

  /** Syncs the log and records how far it goes. */
  async #makeDurable(key: AttemptKey): Promise<void> {
    const attempt = findAttempt(this.#engine.farm, key);
    if (!attempt || attempt.progress.acceptedSeq === attempt.progress.durableSeq) return;
    const { progress } = attempt;
    await this.#logs.sync(key);
    await this.#engine.act((farm, effects) => {
      if (findAttempt(farm, key)) recordProgress(attempt, progress, effects);
    });
    attempt.progress = { ...attempt.progress, durableSeq: Math.max(attempt.progress.durableSeq, progress.acceptedSeq) };
  }

  /** The agent broke the contract: the attempt ends as infrastructure, elsewhere it may go better. */
  async #violation(peer: ResultsPeer, key: AttemptKey, message: string): Promise<void> {
    this.#metrics.frameRefused("violation");
    this.#log.warn({ ...key, agentId: peer.agentId, violation: message }, "an agent broke the results contract");
    peer.refuse(key, message);
    await this.#engine.act((farm, effects, nowMs) => {
      if (!findAttempt(farm, key)) return;
      const { run, job } = findJob(farm, key);
      const event = { type: "finish", outcome: "infrastructure", nowMs } as const;
      const summary = `the agent broke the results contract: ${message}`;
      applyJobEvent(farm, run, job, event, { nowMs, leaseTtlMs: this.#engine.leaseTtlMs, summary }, effects);
    });
  }
}

/** What is recorded never goes back: a flush may come after the record of a later frame. */
/** By the agent's clock: what matters is how much later one line came than another. */
function timesOf(frames: readonly Frame[]): LogTime[] {
  return frames.flatMap(({ atMs, body }) => (body.type === "log" ? [{ offset: body.offset, atMs }] : []));
}

function recordProgress(attempt: LiveAttempt, progress: AttemptProgress, effects: Effects): void {
  if (progress.acceptedSeq <= attempt.recordedSeq) return;
  attempt.recordedSeq = progress.acceptedSeq;
  effects.ops.push({ op: "update-attempt", key: attempt.key, set: durableChange(progress) });
}

function closeAttempt(
  engine: FarmEngine,
  key: AttemptKey,
  progress: AttemptProgress,
  closing: ClosingBody,
  effects: Effects,
  nowMs: number,
): void {
  const { run, job } = findJob(engine.farm, key);
  const attempt = {
    ...durableChange(progress),
    excerpt: closing.excerpt,
    logBytesDropped: closing.logBytesDropped,
  };
  const event = { type: "finish", outcome: closing.outcome, nowMs } as const;
  const context = { nowMs, leaseTtlMs: engine.leaseTtlMs, summary: closing.summary, attempt };
  applyJobEvent(engine.farm, run, job, event, context, effects);
}
