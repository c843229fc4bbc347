import { AGENT_MODES, HEALTHS, JOB_STATES } from "@kiln/proto";
import { collectDefaultMetrics, Registry } from "prom-client";
import type { Outcome } from "../../domain/outcome.ts";
import type { FarmGauges, Metrics } from "../../ports/metrics.ts";
import { BoundedLabel } from "./bounded-label.ts";
import { JOB_KINDS, makeInstruments, REFUSAL_REASONS, type Instruments } from "./instruments.ts";

export interface PrometheusMetricsOptions {
  readonly version: string;
  /** Names of the limits of this process; each starts at 0. */
  readonly limits: readonly string[];
}

export interface PrometheusMetrics extends Metrics {
  /** The text that Prometheus scrapes, with its content type. */
  scrape(): Promise<{ readonly contentType: string; readonly text: string }>;
}

/** Counts for Prometheus, on a registry of its own, with Node's process metrics. */
export function createPrometheusMetrics(options: PrometheusMetricsOptions): PrometheusMetrics {
  return new RegistryMetrics(options);
}

/** Misnamed by prom-client (a gauge must not end in `_total`); the series without `_total` say the same by type. */
const MISNAMED = ["nodejs_active_handles_total", "nodejs_active_requests_total", "nodejs_active_resources_total"];

/** Agents with series of their own. */
const AGENTS_TOLD_MAX = 1_000;

class RegistryMetrics implements PrometheusMetrics {
  readonly #registry = new Registry();
  readonly #made: Instruments;
  readonly #kinds = new BoundedLabel(JOB_KINDS, 10);
  readonly #reasons = new BoundedLabel(REFUSAL_REASONS, 20);
  readonly #limits: BoundedLabel;
  #gauges: (() => FarmGauges) | null = null;

  constructor(options: PrometheusMetricsOptions) {
    collectDefaultMetrics({ register: this.#registry });
    for (const name of MISNAMED) this.#registry.removeSingleMetric(name);
    this.#limits = new BoundedLabel(options.limits, 50);
    this.#made = makeInstruments(this.#registry, options.limits);
    this.#made.info.set({ version: options.version }, 1);
  }

  jobFinished(kind: string, outcome: Outcome): void {
    this.#made.jobsFinished.inc({ kind: this.#kinds.bound(kind), outcome });
  }

  jobReused(kind: string): void {
    this.#made.jobsReused.inc({ kind: this.#kinds.bound(kind) });
  }

  jobStarted(kind: string, waitedMs: number): void {
    this.#made.startLatency.observe({ kind: this.#kinds.bound(kind) }, seconds(waitedMs));
  }

  committed(ops: number, durationMs: number): void {
    this.#made.commitDuration.observe(seconds(durationMs));
    this.#made.committedChanges.inc(ops);
  }

  scheduled(assignments: number, durationMs: number): void {
    this.#made.scheduleDuration.observe(seconds(durationMs));
    this.#made.assignments.inc(assignments);
  }

  framesReceived(frames: number, logBytes: number): void {
    this.#made.frames.inc(frames);
    this.#made.logBytes.inc(logBytes);
  }

  frameRefused(reason: string): void {
    this.#made.framesRefused.inc({ reason: this.#reasons.bound(reason) });
  }

  leaseExpired(): void {
    this.#made.leasesExpired.inc();
  }

  limitReached(limit: string): void {
    this.#made.limitsReached.inc({ limit: this.#limits.bound(limit) });
  }

  removed(what: "blob" | "log", bytes: number): void {
    this.#made.removedBytes.inc({ what }, bytes);
  }

  swept(durationMs: number): void {
    this.#made.sweepDuration.set(seconds(durationMs));
  }

  observe(gauges: () => FarmGauges): void {
    this.#gauges = gauges;
  }

  async scrape(): Promise<{ readonly contentType: string; readonly text: string }> {
    if (this.#gauges) this.#set(this.#gauges());
    return { contentType: this.#registry.contentType, text: await this.#registry.metrics() };
  }

  /** What no agent is any more must not be told again. */
  #setAgents(agents: FarmGauges["agents"]): void {
    const { agents: counts, agentInfo } = this.#made;
    for (const state of ["online", "offline"] as const) {
      for (const mode of AGENT_MODES) for (const health of HEALTHS) counts.set({ state, mode, health }, 0);
    }
    for (const { state, mode, health } of agents) counts.inc({ state, mode, health });
    agentInfo.reset();
    for (const { agent, state, mode, health } of agents.slice(0, AGENTS_TOLD_MAX)) {
      agentInfo.set({ agent, state, mode, health }, 1);
    }
  }

  #set(gauges: FarmGauges): void {
    for (const state of JOB_STATES) this.#made.jobs.set({ state }, gauges.jobsByState[state] ?? 0);
    this.#made.agentsOnline.set(gauges.agentsOnline);
    this.#setAgents(gauges.agents);
    this.#made.devicesQuarantined.set(gauges.devicesQuarantined);
    this.#made.slots.set(gauges.slots);
    this.#made.slotsBusy.set(gauges.slotsBusy);
    this.#made.storedBlobs.set(gauges.storedBlobs);
    this.#made.storedBlobBytes.set(gauges.storedBlobBytes);
  }
}

/** A clock that was set back must not count time backwards: histograms refuse to shrink. */
function seconds(durationMs: number): number {
  return Math.max(0, durationMs) / 1_000;
}
