import type { JobKind } from "@kiln/matrix";
import type { JobStateName, Report } from "@kiln/proto";
import type { AttemptKey } from "./attempt-key.ts";
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
}

export type RunState = "queued" | "running" | "cancelling" | "finished";
export type Verdict = "pass" | "fail" | "inconclusive";

export interface RunRow {
  readonly run: number;
  readonly submissionId: string | null;
  readonly candidate: CandidateRow;
  readonly source: Blob;
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

export interface AttemptRow extends AttemptKey {
  readonly agentId: string;
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

export interface GpuRow {
  readonly uuid: string;
  readonly model: string;
  readonly computeCapability: string;
  readonly memoryBytes: number;
  readonly driver: string;
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
