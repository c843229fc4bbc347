import { JOB_KINDS, JOB_STATES } from "@kiln/proto";
import { collectDefaultMetrics, Registry } from "prom-client";
import type { Verdict } from "@kiln/gate";
import type { Outcome } from "../../domain/outcome.ts";
import type { SelfComparisonRate } from "../../domain/measure/self-comparison.ts";
import type { ShownReleases } from "../../domain/verdict/judged-releases.ts";
import type { HeldAssignments } from "../../ports/agent-bus.ts";
import type { FarmGauges, Metrics } from "../../ports/metrics.ts";
import { AGENTS_TOLD_MAX, AgentInstruments } from "./agent-instruments.ts";
import { BoundedLabel } from "./bounded-label.ts";
import { COMMON_POOLS, makeInstruments, REFUSAL_REASONS, type Instruments } from "./instruments.ts";
import { SelfComparisonInstruments } from "./self-comparison-instruments.ts";
import { ReleaseInstruments } from "./release-instruments.ts";

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

class RegistryMetrics implements PrometheusMetrics {
  readonly #registry = new Registry();
  readonly #made: Instruments;
  readonly #agents: AgentInstruments;
  readonly #releases: ReleaseInstruments;
  readonly #selfComparisons: SelfComparisonInstruments;
  readonly #kinds = new BoundedLabel(JOB_KINDS, 10);
  readonly #pools = new BoundedLabel(COMMON_POOLS, 12);
  readonly #reasons = new BoundedLabel(REFUSAL_REASONS, 20);
  readonly #limits: BoundedLabel;
  #gauges: (() => FarmGauges) | null = null;
  #hasMoreAgents = false;

  constructor(options: PrometheusMetricsOptions) {
    collectDefaultMetrics({ register: this.#registry });
    for (const name of MISNAMED) this.#registry.removeSingleMetric(name);
    this.#limits = new BoundedLabel(options.limits, 50);
    this.#made = makeInstruments(this.#registry, options.limits);
    this.#agents = new AgentInstruments(this.#registry);
    this.#releases = new ReleaseInstruments(this.#registry);
    this.#selfComparisons = new SelfComparisonInstruments(this.#registry);
    this.#made.info.set({ version: options.version }, 1);
  }

  jobFinished(kind: string, outcome: Outcome): void {
    this.#made.jobsFinished.inc({ kind: this.#kinds.bound(kind), outcome });
  }

  jobReused(kind: string): void {
    this.#made.jobsReused.inc({ kind: this.#kinds.bound(kind) });
  }

  jobQueued(kind: string, pool: string, waitedMs: number): void {
    const labels = { kind: this.#kinds.bound(kind), pool: this.#pools.bound(pool) };
    this.#made.queueTime.observe(labels, seconds(waitedMs));
  }

  jobStarted(kind: string, pool: string, waitedMs: number): void {
    const labels = { kind: this.#kinds.bound(kind), pool: this.#pools.bound(pool) };
    this.#made.startLatency.observe(labels, seconds(waitedMs));
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

  runJudged(verdict: Verdict): void {
    this.#releases.runJudged(verdict);
  }

  releases(shown: ShownReleases): void {
    this.#releases.set(shown);
  }

  selfComparisons(rates: readonly SelfComparisonRate[]): void {
    this.#selfComparisons.set(rates);
  }

  busAnswered(durationMs: number): void {
    this.#made.busRoundTrip.observe(seconds(durationMs));
  }

  assignmentsHeld(held: HeldAssignments | null): void {
    const { assignmentsHeld, assignmentsLag } = this.#made;
    assignmentsHeld.reset();
    assignmentsLag.reset();
    if (!held) return;
    assignmentsHeld.set({ state: "undelivered" }, held.undelivered);
    assignmentsHeld.set({ state: "unacknowledged" }, held.unacknowledged);
    assignmentsLag.set({ stream: "assignments" }, seconds(held.oldestAgeMs));
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

  /** A limit that stays reached is one event, not one a scrape. */
  #setAgents(agents: FarmGauges["agents"]): void {
    this.#agents.set(agents);
    const hasMore = agents.length > AGENTS_TOLD_MAX;
    if (hasMore && !this.#hasMoreAgents) this.limitReached("agent-series");
    this.#hasMoreAgents = hasMore;
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
