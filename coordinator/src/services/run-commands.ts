import { hash } from "node:crypto";
import { NO_POLICY } from "@kiln/gate";
import type { SubmitRunBody } from "@kiln/proto";
import { plan as makePlan, secretsOf } from "@kiln/matrix";
import { applyJobEvent } from "../domain/apply-job-event.ts";
import type { Actor } from "../domain/audit.ts";
import { farmPythons } from "../domain/farm-pythons.ts";
import type { FarmState } from "../domain/farm-state.ts";
import type { LiveRun } from "../domain/live-job.ts";
import { restoreLiveRun } from "../domain/live-run.ts";
import type { RunRow } from "../domain/rows.ts";
import { formatRunId, parseRunId } from "../domain/run-id.ts";
import { noteRunCancelling } from "../domain/run-state.ts";
import type { BlobStore } from "../ports/blob-store.ts";
import type { Metrics } from "../ports/metrics.ts";
import type { Store } from "../ports/store.ts";
import type { RunCommandOutcome, RunCommands, SelfCompareOutcome, SubmitOutcome } from "./api.ts";
import type { AuditLog } from "./audit-log.ts";
import { EarlierResultsFinder, type Reuse } from "./earlier-results.ts";
import { failingCells } from "./failing-cells.ts";
import type { FarmEngine } from "./farm-engine.ts";
import type { JobSecrets } from "./job-secrets.ts";
import type { PlanCache } from "./plan-cache.ts";
import { recordRun, type RecordParts } from "./record-run.ts";
import { compareWithItself } from "./self-compare.ts";
import { SpecCache } from "./spec-cache.ts";

export interface RunCommandLimits {
  /** Unfinished jobs that the farm holds at most. */
  readonly queuedJobsMax: number;
  /** Of one run's source. */
  readonly sourceBytesMax: number;
}

export interface RunCommandParts {
  readonly store: Store;
  readonly blobs: BlobStore;
  readonly plans: PlanCache;
  readonly metrics: Metrics;
  readonly audit: Pick<AuditLog, "op">;
  readonly secrets: Pick<JobSecrets, "problems">;
}

/** Submitting, cancelling and retrying runs. */
export class FarmRunCommands implements RunCommands {
  readonly #engine: FarmEngine;
  readonly #store: Store;
  readonly #blobs: BlobStore;
  readonly #plans: PlanCache;
  readonly #metrics: Metrics;
  readonly #audit: Pick<AuditLog, "op">;
  readonly #secrets: Pick<JobSecrets, "problems">;
  readonly #limits: RunCommandLimits;
  readonly #earlier: EarlierResultsFinder;
  readonly #specs = new SpecCache();
  /** Submissions that are being committed, so that a repeated one finds them. */
  readonly #pending = new Map<string, Promise<SubmitOutcome>>();

  constructor(engine: FarmEngine, parts: RunCommandParts, limits: RunCommandLimits) {
    this.#engine = engine;
    this.#store = parts.store;
    this.#blobs = parts.blobs;
    this.#plans = parts.plans;
    this.#metrics = parts.metrics;
    this.#audit = parts.audit;
    this.#secrets = parts.secrets;
    this.#limits = limits;
    this.#earlier = new EarlierResultsFinder(parts);
  }

  async submit(body: SubmitRunBody, by: Actor): Promise<SubmitOutcome> {
    const { submissionId } = body;
    if (submissionId === undefined) return this.#submit(body, by);
    const pending = this.#pending.get(submissionId);
    if (pending) return asRepeated(await pending);
    const submitting = this.#submitOnce(submissionId, body, by);
    this.#pending.set(submissionId, submitting);
    try {
      return await submitting;
    } finally {
      this.#pending.delete(submissionId);
    }
  }

  async #submitOnce(submissionId: string, body: SubmitRunBody, by: Actor): Promise<SubmitOutcome> {
    const known = await this.#store.runBySubmission(submissionId);
    return known ? { ok: true, run: known.run, created: false } : this.#submit(body, by);
  }

  async #submit(body: SubmitRunBody, by: Actor): Promise<SubmitOutcome> {
    const { source } = body;
    const { sourceBytesMax } = this.#limits;
    if (source.sizeBytes > sourceBytesMax) {
      this.#metrics.limitReached("source-bytes");
      return { ok: false, reason: "source-too-large", limitBytes: sourceBytesMax };
    }
    const candidate = { ...body.candidate, requiresDist: body.candidate.requiresDist ?? null };
    // Looked up while the spec is parsed: a submission waits for both.
    const stored = this.#blobs.size(source.sha256);
    const parsed = this.#specs.parse(body.spec, body.specFile);
    if ((await stored) !== source.sizeBytes) return { ok: false, reason: "source-missing", sha256: source.sha256 };
    if (!parsed.ok) return { ok: false, reason: "bad-spec", problems: parsed.problems };
    const unknown = this.#secrets.problems(secretsOf(parsed.spec), candidate.name, body.specFile);
    if (unknown.length > 0) return { ok: false, reason: "bad-spec", problems: unknown };
    const { profiles, release } = parsed.spec;
    const isWhole = profiles[body.release ?? release].reduce.kind === "full";
    const planned = makePlan({
      spec: parsed.spec,
      // A whole matrix has them anyway.
      failing: isWhole ? [] : await failingCells(this.#store, this.#plans, candidate.name),
      places: parsed.places,
      ...(body.release === undefined ? {} : { release: body.release }),
      candidate,
      farm: farmPythons(this.#engine.farm),
      sourceSha256: source.sha256,
      digest: (text) => hash("sha256", text),
    });
    if (!planned.ok) return { ok: false, reason: "bad-spec", problems: planned.problems };
    const found = await this.#earlier.find(candidate.name, planned.plan, parseReuse(body.reuse));
    if (!found.ok) return found;
    const { results } = found;
    const limit = this.#queueLimit(planned.plan.jobs.length - results.size);
    if (limit !== null) return { ok: false, reason: "queue-full", limit };
    const policy = parsed.policies[body.release ?? release] ?? NO_POLICY;
    const run = await recordRun(this.#recording(), {
      submitted: {
        ...{ submissionId: body.submissionId ?? null, candidate, source, priority: body.priority ?? 0 },
        selfComparisonOf: null,
      },
      ...{ plan: planned.plan, policy, results, by },
    });
    return { ok: true, run, created: true };
  }

  #recording(): RecordParts {
    return { engine: this.#engine, plans: this.#plans, audit: this.#audit };
  }

  /** The limit that so many jobs more would reach; null: there is room for them. */
  #queueLimit(jobs: number): number | null {
    const { queuedJobsMax } = this.#limits;
    if (this.#unfinishedJobs() + jobs <= queuedJobsMax) return null;
    this.#metrics.limitReached("queued-jobs");
    return queuedJobsMax;
  }

  compareWithItself(run: number, by: Actor): Promise<SelfCompareOutcome> {
    const queueLimit = (jobs: number): number | null => this.#queueLimit(jobs);
    const parts = { store: this.#store, blobs: this.#blobs, earlier: this.#earlier, queueLimit };
    return compareWithItself({ ...this.#recording(), ...parts }, run, by);
  }

  async cancel(run: number, by: Actor): Promise<RunCommandOutcome> {
    const live = this.#engine.farm.runs.get(run);
    if (!live) return (await this.#store.run(run)) ? { ok: true } : { ok: false, reason: "no-such-run" };
    await this.#engine.act((farm, effects, nowMs) => {
      noteRunCancelling(farm, live, effects);
      effects.ops.push(this.#audit.op(by, { what: "run.cancel", object: formatRunId(run) }));
      const context = { nowMs, leaseTtlMs: this.#engine.leaseTtlMs, summary: "cancelled by a person" };
      // Backwards, so that a job is cancelled before the one it needs ends and makes it not-run.
      for (const job of live.jobs.toReversed()) applyJobEvent(farm, live, job, { type: "cancel" }, context, effects);
    });
    return { ok: true };
  }

  async retryFailed(run: number, by: Actor): Promise<RunCommandOutcome> {
    const row = await this.#store.run(run);
    if (!row) return { ok: false, reason: "no-such-run" };
    const stored = this.#engine.farm.runs.has(run) ? null : await this.#restore(row);
    if (stored && !(await this.#hasBytes(stored)) && row.expired) {
      return { ok: false, reason: "bytes-gone", rule: row.expired.rule };
    }
    const retried = await this.#engine.act((farm, effects, nowMs) => {
      const live = farm.runs.get(run) ?? stored;
      if (!live) return 0;
      const context = { nowMs, leaseTtlMs: this.#engine.leaseTtlMs, summary: "" };
      const jobs = retryJobs(farm, live, context, effects);
      const action = {
        what: "run.retry",
        object: formatRunId(run),
        detail: `jobs that are tried again: ${jobs}`,
      } as const;
      if (jobs > 0) effects.ops.push(this.#audit.op(by, action));
      return jobs;
    });
    return retried > 0 ? { ok: true } : { ok: false, reason: "nothing-to-retry" };
  }

  async #restore(row: RunRow): Promise<LiveRun> {
    const jobs = await this.#store.jobs(row.run);
    const attempts = await Promise.all(
      jobs.map(async ({ job, reusedFrom }) => {
        if (!reusedFrom) return this.#store.attempts(row.run, job);
        const taken = await this.#store.attempt(reusedFrom);
        return taken ? [taken] : [];
      }),
    );
    return restoreLiveRun(row, await this.#plans.get(row.run), jobs, attempts.flat());
  }

  /** Its source and the wheels that were built. Having asked for them keeps them until the retry is committed. */
  async #hasBytes(run: LiveRun): Promise<boolean> {
    const blobs = [run.row.source, ...run.jobs.flatMap(({ wheel }) => wheel ?? [])];
    const sizes = await Promise.all(blobs.map(({ sha256 }) => this.#blobs.size(sha256)));
    return sizes.every((size) => size !== null);
  }

  #unfinishedJobs(): number {
    let count = 0;
    for (const run of this.#engine.farm.runs.values()) count += run.unfinished;
    return count;
  }
}

function parseReuse(text: SubmitRunBody["reuse"] = "builds"): Reuse {
  return text === "builds" || text === "never" ? text : (parseRunId(text) ?? "builds");
}

function asRepeated(outcome: SubmitOutcome): SubmitOutcome {
  return outcome.ok ? { ...outcome, created: false } : outcome;
}

/** Gives every finished job that did not pass another try; returns how many. */
function retryJobs(
  farm: FarmState,
  run: LiveRun,
  context: Parameters<typeof applyJobEvent>[4],
  effects: Parameters<typeof applyJobEvent>[5],
): number {
  let retried = 0;
  for (const job of run.jobs) {
    const { state } = job.life;
    if (state.name !== "finished" || state.outcome === "passed") continue;
    // Jobs come after what they need, so those are already reset.
    const missing = job.needs.filter((index) => {
      const need = run.jobs[index]?.life.state;
      return need?.name !== "finished" || need.outcome !== "passed";
    }).length;
    const event = { type: "retry", missing, nowMs: context.nowMs } as const;
    if (applyJobEvent(farm, run, job, event, context, effects)) retried += 1;
  }
  return retried;
}
