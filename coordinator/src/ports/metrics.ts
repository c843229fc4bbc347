import type { Verdict } from "@kiln/gate";
import type { AgentSample } from "../domain/farm-gauges.ts";
import type { Outcome } from "../domain/outcome.ts";
import type { SelfComparisonRate } from "../domain/measure/self-comparison.ts";
import type { HeldAssignments } from "./agent-bus.ts";
import type { ShownReleases } from "../domain/verdict/judged-releases.ts";

/** What the services count. The adapter gives it names by the Prometheus conventions. */
export interface Metrics {
  jobFinished(kind: string, outcome: Outcome): void;
  /** A job ended with a result of an earlier run; it does not count as finished. */
  jobReused(kind: string): void;
  /** From submission, or from the last job it needed, until an agent was given it; `pool`: as `poolName` has it. */
  jobQueued(kind: string, pool: string, waitedMs: number): void;
  /** From submission, or from the last job it needed, to the agent's start. */
  jobStarted(kind: string, pool: string, waitedMs: number): void;
  committed(ops: number, durationMs: number): void;
  scheduled(assignments: number, durationMs: number): void;
  framesReceived(frames: number, logBytes: number): void;
  frameRefused(reason: string): void;
  leaseExpired(): void;
  /** A run ended with this verdict. */
  runJudged(verdict: Verdict): void;
  /** In place of what was shown of releases before. */
  releases(shown: ShownReleases): void;
  /** In place of what was shown of releases against themselves before. */
  selfComparisons(rates: readonly SelfComparisonRate[]): void;
  /** The bus took this long to answer a ping. */
  busAnswered(durationMs: number): void;
  /** What the bus holds for agents; null: that is not known now. */
  assignmentsHeld(held: HeldAssignments | null): void;
  /** The retention removed something. */
  removed(what: "blob" | "log", bytes: number): void;
  /** The retention has looked at everything. */
  swept(durationMs: number): void;
  /** A named limit was reached: a queue, a buffer, a size. */
  limitReached(limit: string): void;
  /** Read when scraped. */
  observe(gauges: () => FarmGauges): void;
}

export interface FarmGauges {
  readonly jobsByState: Readonly<Record<string, number>>;
  readonly agentsOnline: number;
  readonly slots: number;
  readonly slotsBusy: number;
  readonly agents: readonly AgentSample[];
  readonly devicesQuarantined: number;
  readonly storedBlobs: number;
  readonly storedBlobBytes: number;
}
