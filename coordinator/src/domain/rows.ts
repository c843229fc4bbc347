import type { JobKind } from "@kiln/matrix";
import type { JobStateName, Report } from "@kiln/proto";
import type { Health } from "./agent-standing.ts";
import type { AttemptKey } from "./attempt-key.ts";
import type { HealthReport } from "./health-report.ts";
import type { Outcome } from "./outcome.ts";

/** Content-addressed bytes and the name they had. */
export interface Blob {
  readonly sha256: string;
  readonly sizeBytes: number;
  readonly filename: string;
}

export interface CandidateRow {
  readonly name: string;
  readonly version: string | null;
  readonly requiresPython: string | null;
  readonly requiresDist: readonly string[] | null;
  readonly factsFrom: string;
  readonly origin: string;
  /** The git commit that the source is of, and nothing else than it; absent where that is not known. */
  readonly commit?: string;
}

export type RunState = "queued" | "running" | "cancelling" | "finished";
export type Verdict = "pass" | "fail" | "inconclusive";

export interface RunRow {
  readonly run: number;
  readonly submissionId: string | null;
  readonly candidate: CandidateRow;
  readonly source: Blob;
  /** -100 … 100; higher goes first. */
  readonly priority: number;
  readonly state: RunState;
  readonly verdict: Verdict | null;
  /** One sentence on the verdict. */
  readonly reason: string;
  readonly submittedAtMs: number;
  readonly startedAtMs: number | null;
  readonly finishedAtMs: number | null;
  /** Farm-wide number of the last change, for readers that resume. */
  readonly changedId: number;
  /** As of when the row was read. Its bytes are kept until the pin is taken away. */
  readonly pinnedAtMs: number | null;
  /** When its blobs and logs up to then were given up, and by which rule. It may have been tried again since: see `bytesGone`. */
  readonly expired: { readonly atMs: number; readonly rule: string } | null;
  /** The run whose files it compares with themselves: it is no release and has no verdict. null: it is a candidate's. */
  readonly selfComparisonOf: number | null;
}

/** The attempt of an earlier run whose result a job has taken. */
export interface ReusedFrom extends AttemptKey {
  /** The job's name in that run. */
  readonly name: string;
}

/** Of a test report, what a list of jobs shows. */
export interface TestCounts {
  readonly tests: number;
  /** With those that ended by an exception outside an assertion. */
  readonly failed: number;
  readonly skipped: number;
  readonly flaky: number;
}

/** What changes about a job; what it is stands in the run's plan. */
export interface JobRow {
  readonly run: number;
  /** Position in the run's plan, from 0. */
  readonly job: number;
  readonly kind: JobKind;
  readonly state: JobStateName;
  readonly outcome: Outcome | null;
  /** One sentence: what happened. */
  readonly summary: string;
  readonly attempts: number;
  readonly retriesLeft: number;
  /** Attempts that it may still lose to devices or machines that failed a health check. */
  readonly replaysLeft: number;
  /** Agents that an attempt at it was lost on, latest last: others go first. */
  readonly avoid: readonly string[];
  readonly agentId: string | null;
  readonly pythonVersion: string;
  readonly readyAtMs: number | null;
  readonly startedAtMs: number | null;
  readonly finishedAtMs: number | null;
  readonly changedId: number;
  /** null: it was run, or will be. Such a job has no attempts of its own. */
  readonly reusedFrom: ReusedFrom | null;
  /** Of its last attempt, where that made a test report. */
  readonly tests: TestCounts | null;
}

export interface StepRow {
  readonly title: string;
  readonly logOffset: number;
  readonly exitCode: number | null;
  readonly durationMs: number | null;
}

export interface ArtifactRow {
  readonly role: string;
  readonly blob: Blob;
}

/** What an attempt has to itself until it ends. */
export interface DevicesRow {
  /** The machine, as `hostKeyOf` names it. */
  readonly host: string;
  /** UUIDs of GPUs or MIG slices. */
  readonly gpus: readonly string[];
  /** No other attempt runs on the machine meanwhile. */
  readonly exclusive: boolean;
}

export interface AttemptRow extends AttemptKey {
  readonly agentId: string;
  readonly devices: DevicesRow;
  /** Why what it reports does not count: a health check failed beside it. Empty: none did. */
  readonly unhealthy: string;
  readonly state: "assigned" | "running" | "finished";
  readonly outcome: Outcome | null;
  readonly summary: string;
  readonly excerpt: string;
  readonly pythonVersion: string;
  readonly assignedAtMs: number;
  readonly startedAtMs: number | null;
  readonly finishedAtMs: number | null;
  /** Every frame up to this one is durable. */
  readonly ackedSeq: number;
  readonly logBytes: number;
  readonly logBytesDropped: number;
  readonly steps: readonly StepRow[];
  readonly artifacts: readonly ArtifactRow[];
  readonly reports: readonly Report[];
}

export interface PythonRow {
  readonly feature: string;
  readonly version: string;
  readonly path: string;
  readonly foundBy: string;
  readonly platform: string;
}

/** null: the driver does not say. */
export interface GpuRow {
  readonly uuid: string;
  readonly model: string;
  readonly computeCapability: string;
  readonly memoryBytes: number;
  readonly driver: string;
  /** Newest CUDA that the driver runs without restriction: "13.0"; may be empty. */
  readonly cudaDriver: string;
  /** Newest CUDA that it runs by minor version compatibility: "13"; may be empty. */
  readonly cudaMinorCompatible: string;
  /** "enabled", "disabled"; empty: the GPU has no such mode. */
  readonly migMode: string;
  readonly migSlices: readonly MigSliceRow[];
  /** "enabled", "disabled"; empty: none. */
  readonly eccMode: string;
  readonly eccCorrected: number | null;
  readonly eccUncorrected: number | null;
  readonly smClockMaxMhz: number | null;
  readonly memoryClockMaxMhz: number | null;
  readonly powerLimitWatts: number | null;
  readonly clocksLockable: ProbeRow;
  readonly countersReadable: ProbeRow;
  readonly processes: readonly { readonly pid: number; readonly name: string; readonly memoryBytes: number }[];
  readonly pciBusId: string;
}

export interface MigSliceRow {
  readonly uuid: string;
  readonly profile: string;
  readonly memoryBytes: number;
}

/** The answer to a question that was tried out; the detail says what to do unless it is yes. */
export interface ProbeRow {
  readonly answer: "yes" | "no" | "unknown";
  readonly detail: string;
}

export interface CudaToolkitRow {
  readonly version: string;
  readonly path: string;
}

export interface AgentRow {
  readonly agentId: string;
  readonly sessionId: string;
  readonly name: string;
  readonly version: string;
  readonly slots: number;
  readonly executors: readonly string[];
  readonly kinds: readonly JobKind[];
  readonly installsTorch: boolean;
  /** Its owner's own, by key. */
  readonly labels: Readonly<Record<string, string>>;
  /** Takes one job, then leaves the farm. */
  readonly ephemeral: boolean;
  /** Tells machines apart: agents with an equal one share the machine's GPUs. Empty: the agent cannot tell. */
  readonly hostId: string;
  readonly inventory: AgentInventory;
  readonly registeredAtMs: number;
}

export interface AgentInventory {
  readonly os: string;
  readonly arch: string;
  readonly osTitle: string;
  readonly libc: string;
  readonly kernel: string;
  readonly cpuModel: string;
  readonly cpuCores: number;
  readonly memoryBytes: number;
  readonly diskFreeBytes: number;
  /** `debian-12`; empty when the agent cannot tell. */
  readonly osRelease: string;
  readonly pythons: readonly PythonRow[];
  readonly gpus: readonly GpuRow[];
  readonly cudaToolkits: readonly CudaToolkitRow[];
  readonly problems: readonly { readonly subject: string; readonly message: string }[];
}

/** How well a GPU or MIG slice is. */
export interface DeviceRow {
  /** As `hostKeyOf` names it. */
  readonly host: string;
  readonly uuid: string;
  readonly health: Health;
}

export interface HealthReportRow {
  readonly agentId: string;
  /** By the coordinator's clock. */
  readonly receivedAtMs: number;
  readonly report: HealthReport;
}

/** Of one agent. */
export const HEALTH_REPORTS_MAX = 100;
