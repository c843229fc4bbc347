import type { ProcessEnd } from "../../domain/classify.ts";
import type { Interpreter } from "../../domain/interpreter.ts";
import type { Blob, Job } from "../../domain/job.ts";
import type { Verdict } from "../../domain/outcome.ts";
import type { Report } from "../../domain/report.ts";
import type { BlobClient } from "../../ports/blob-client.ts";
import type { CommandSpec } from "./command.ts";
import type { InstalledWheel } from "./installed-wheel.ts";
import type { JobFolder } from "./job-folder.ts";

/** What the steps of one job work with. */
export interface JobContext {
  readonly job: Job;
  readonly folder: JobFolder;
  /** Time spent here does not count against the job's limit. */
  readonly blobs: BlobClient;
  readonly pip: PipSource;
  /** A copy of the source that a build may write into; the source itself where it may be written. */
  buildTree(): Promise<string>;
  /** Aborted when the job is stopped. */
  readonly signal: AbortSignal;
  /** What the steps so far have come to. */
  readonly progress: JobProgress;
  /** Runs a command in the job's environment to its end; its output goes to the log. */
  command(spec: Omit<CommandSpec, "env">): Promise<ProcessEnd>;
  /** Writes a line of the agent's own to the log. */
  note(text: string): void;
  artifact(role: string, blob: Blob): void;
  report(report: Report): void;
  /** The end of the current step's output. */
  stepOutputTail(): string;
}

export interface JobProgress {
  /** The virtual environment is there. */
  hasEnvironment: boolean;
  /** The wheel that was fetched; empty before. */
  wheelPath: string;
  installed: InstalledWheel | null;
}

export type StepEnd =
  | { readonly ok: true }
  /** `isAgents`: the agent itself found the fault, and the log does not show it yet. */
  | { readonly ok: false; readonly exitCode: number; readonly verdict: Verdict; readonly isAgents?: boolean };

/** Brings the pip that an interpreter carries. */
export interface PipSource {
  /** A folder to put on `sys.path`. Throws when it cannot be had. */
  prepare(python: Interpreter): Promise<string>;
}
