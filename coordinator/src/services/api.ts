import type {
  AgentDetail,
  AgentView,
  JobView,
  ProjectView,
  RunEvent,
  RunSummary,
  RunView,
  SpecProblem,
  SubmitRunBody,
} from "@kiln/proto";
import type { BlobUsage } from "../ports/blob-sweep.ts";
import type { PinOutcome, RemovedBlob } from "../ports/retention-store.ts";
import type { Actor, AuditEntry } from "../domain/audit.ts";
import type { AttemptKey } from "../domain/attempt-key.ts";

/** What people and scripts may change. Each resolves once the change is durable, and its row in the audit log with it. */
export interface RunCommands {
  submit(body: SubmitRunBody, by: Actor): Promise<SubmitOutcome>;
  /** Cancels every job that is not finished; ignored when the run is. */
  cancel(run: number, by: Actor): Promise<RunCommandOutcome>;
  /** Tries every finished job that did not pass again, with a new retry budget. */
  retryFailed(run: number, by: Actor): Promise<RunCommandOutcome>;
  /** Queues a run that measures a finished run's files against themselves. */
  compareWithItself(run: number, by: Actor): Promise<SelfCompareOutcome>;
}

export type SubmitOutcome =
  | {
      readonly ok: true;
      readonly run: number;
      /** False when this submissionId was seen before. */ readonly created: boolean;
    }
  | { readonly ok: false; readonly reason: "bad-spec"; readonly problems: readonly SpecProblem[] }
  /** Nothing can be taken from the run that the submission names. */
  | { readonly ok: false; readonly reason: "cannot-reuse"; readonly detail: string }
  | { readonly ok: false; readonly reason: "source-missing"; readonly sha256: string }
  | { readonly ok: false; readonly reason: "source-too-large"; readonly limitBytes: number }
  | { readonly ok: false; readonly reason: "queue-full"; readonly limit: number };

export type RunCommandOutcome =
  | { readonly ok: true }
  | { readonly ok: false; readonly reason: "no-such-run" }
  | { readonly ok: false; readonly reason: "nothing-to-retry" }
  /** They were removed, by that rule. */
  | { readonly ok: false; readonly reason: "bytes-gone"; readonly rule: string };

export type SelfCompareOutcome =
  | { readonly ok: true; readonly run: number }
  | { readonly ok: false; readonly reason: "no-such-run" }
  | { readonly ok: false; readonly reason: "cannot-compare"; readonly detail: string }
  | { readonly ok: false; readonly reason: "queue-full"; readonly limit: number };

/** What people and scripts may see; always what is committed. */
export interface RunQueries {
  runs(limit: number, before: number | null): Promise<readonly RunSummary[]>;
  run(run: number): Promise<RunView | null>;
  job(run: number, jobName: string): Promise<JobView | null>;
  /** The attempt whose log to read: the newest when `attempt` is null; null when there is none. */
  attemptLog(run: number, jobName: string, attempt: number | null): Promise<AttemptLogInfo | null>;
  agents(): Promise<readonly AgentView[]>;
  /** By id, or by a name that only one agent has; null when there is none. */
  agent(idOrName: string): Promise<AgentDetail | null>;
  /** Platforms and Pythons of the agents that are online. */
  farmPythons(): Promise<readonly { readonly platform: string; readonly feature: string }[]>;
  /** What a project's earlier runs say of its next. */
  project(name: string): Promise<ProjectView>;
  /** The newest state of everything in the run that changed after `eventId`, in order. */
  eventsAfter(run: number, eventId: number): Promise<readonly RunEvent[]>;
}

export interface AttemptLogInfo {
  readonly key: AttemptKey;
  readonly finished: boolean;
  /** Bytes that are durable; a live attempt may have written more. */
  readonly logBytes: number;
  /** When the log was given up, and by which rule; its bytes may be gone. */
  readonly expired: { readonly atMs: number; readonly rule: string } | null;
}

/** Which runs keep their bytes, and what became of those that did not. */
export interface RetentionApi {
  /** `audit` is written with the change, here and below. */
  pin(run: number, audit: AuditEntry): Promise<PinOutcome>;
  unpin(run: number, audit: AuditEntry): Promise<PinOutcome>;
  /** null when no such blob was removed. */
  removedBlob(sha256: string): Promise<RemovedBlob | null>;
  /** Of all blobs. */
  usage(): BlobUsage;
}

/** Says that something changed, not what: readers look it up. Listeners must not throw. */
export interface RunChanges {
  /** Calls `listener` after each commit that changed the run. */
  onRunChanged(run: number, listener: () => void): Disposable;
  /** Calls `listener` when bytes were added to the attempt's log and when the attempt ended. */
  onLogChanged(key: AttemptKey, listener: () => void): Disposable;
}
