import type { JobKind } from "@kiln/proto";
import type { AttemptRef } from "../domain/attempt-key.ts";
import type { Blob, Job } from "../domain/job.ts";
import type { Verdict } from "../domain/outcome.ts";
import type { Report } from "../domain/report.ts";

export interface ExecutionRequest {
  readonly ref: AttemptRef;
  readonly job: Job;
}

/** A process group of a job, so that a later agent process can find and end what is left of it. */
export interface ProcessGroup {
  readonly pid: number;
  /** Tells this process from a later one with the same number. */
  readonly mark: string;
}

/**
 * What an executor reports, in this order: `started` once, unless the job could
 * not begin at all; then steps, one after the other, with output and artifacts
 * inside them; `ended` exactly once, last. All of it is synchronous and returns
 * quickly. After `ended` nothing is reported.
 */
export interface ExecutionSink {
  /** `pythonVersion` is exact, or empty where there is none. */
  started(pythonVersion: string): void;
  stepStarted(title: string): void;
  stepFinished(exitCode: number, durationMs: number): void;
  /**
   * Output as it came, any number of bytes; they are copied. False means: hold
   * the job back and give no more before `drained` calls.
   */
  output(bytes: Uint8Array): boolean;
  /** Calls once when output may go on; at once when it may already. */
  drained(listener: () => void): void;
  artifact(role: string, blob: Blob): void;
  /** At most one of each kind. */
  report(report: Report): void;
  /** From here until the result is called the job's time limit does not run: it waits for the coordinator. */
  pauseTime(): () => void;
  processGroup(group: ProcessGroup): void;
  /** The end of the current step's output, decoded; for judging how it failed. */
  stepOutputTail(): string;
  ended(verdict: Verdict): void;
}

export interface Execution {
  /**
   * Ends the job early: its processes are gone and its folder is removed before
   * `ended` is called, whose verdict then does not matter. May be called at any
   * time and any number of times.
   */
  stop(): void;
}

/**
 * Runs jobs. `start` may be called for any number of jobs at once (the caller
 * counts slots), once per attempt; attempts share nothing. A failure of any
 * kind is a verdict: `start` does not throw.
 */
export interface Executor {
  readonly name: "host" | "docker" | "dummy";
  /** Kinds of jobs that it runs. */
  readonly kinds: readonly JobKind[];
  start(request: ExecutionRequest, sink: ExecutionSink): Execution;
  /**
   * Called once, before the first `start`: ends what an earlier agent process
   * left running of these attempts, and removes every working folder.
   */
  clearLeftovers(
    attempts: readonly { readonly ref: AttemptRef; readonly groups: readonly ProcessGroup[] }[],
  ): Promise<void>;
}
