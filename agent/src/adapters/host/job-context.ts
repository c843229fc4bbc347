import type { EngineProgram } from "../../domain/cibuildwheel.ts";
import type { BuildShare } from "../../domain/build-environment.ts";
import type { ProcessEnd } from "../../domain/classify.ts";
import type { Interpreter } from "../../domain/interpreter.ts";
import type { Step } from "../../domain/job-steps.ts";
import type { Arm } from "../../domain/measure/process-order.ts";
import type { Blob, Job } from "../../domain/job.ts";
import type { CudaToolkit } from "../../domain/cuda-toolkit.ts";
import type { Verdict } from "../../domain/outcome.ts";
import type { RepairTool } from "../../domain/repair-tool.ts";
import type { BaselineFile, Report, WheelReport } from "../../domain/report.ts";
import type { TestTally } from "../../domain/test-results/test-tally.ts";
import type { BlobClient } from "../../ports/blob-client.ts";
import type { CommandSpec } from "./command.ts";
import type { CompilerCache } from "./compiler-cache.ts";
import type { InstalledWheel } from "./installed-wheel.ts";
import type { EnvironmentChange } from "./job-environment.ts";
import type { JobFolder } from "./job-folder.ts";
import type { IndexAccess } from "./run-index.ts";

/** What the steps of one job work with. */
export interface JobContext {
  readonly job: Job;
  /** Number of the run that it belongs to. */
  readonly run: number;
  /** Where that run's indexes are. */
  readonly indexes: IndexAccess;
  readonly folder: JobFolder;
  /** Time spent here does not count against the job's limit. */
  readonly blobs: BlobClient;
  readonly pip: PipSource;
  /** What builds find on this machine. */
  readonly build: BuildSurroundings;
  readonly repair: RepairSource;
  /** A copy of the source that a build may write into; the source itself where it may be written. */
  buildTree(): Promise<string>;
  /** Aborted when the job is stopped. */
  readonly signal: AbortSignal;
  /** What the steps so far have come to. */
  readonly progress: JobProgress;
  /** What was found on the package index to measure the candidate beside; null: nothing was looked for. */
  readonly baseline: FoundBaseline | null;
  /** Of what follows, whose environment `folder`, `progress` and commands are. */
  useArm(arm: Arm): void;
  /** Runs a command in the job's environment, with a change to it, to its end; its output goes to the log. */
  command(spec: Omit<CommandSpec, "env">, change?: EnvironmentChange): Promise<ProcessEnd>;
  /** A file in the job's folder as it may be kept: itself, or a copy without the job's secrets where it has some. */
  withoutSecrets(path: string): Promise<string>;
  /** Writes a line of the agent's own to the log. */
  note(text: string): void;
  artifact(role: string, blob: Blob): void;
  report(report: Report): void;
  /** The end of the current step's output. */
  stepOutputTail(): string;
}

export interface BuildSurroundings {
  /** CUDA toolkits of this machine. */
  readonly toolkits: readonly CudaToolkit[];
  /** What one job may use. */
  readonly share: BuildShare;
  /** null where there is none, and in containers, which do not have this machine's programs. */
  readonly compilerCache: CompilerCache | null;
  /** The program that runs containers where jobs run; null without one, and inside a container. */
  readonly containerEngine: EngineProgram | null;
  /** A larger wheel fails its build. */
  readonly wheelBytesMax: number;
}

/** What the steps in one environment have come to. */
export interface JobProgress {
  /** The virtual environment is there. */
  hasEnvironment: boolean;
  /** Of the pip in it; empty before, and where its wheel does not say. */
  pipVersion: string;
  /** The wheel that was fetched; empty before. */
  wheelPath: string;
  installed: InstalledWheel | null;
  /** Of the baseline's environment: what the package index has; null before. */
  baseline: FoundBaseline | null;
  /** Where the build works; null before it. */
  tree: string | null;
  /** What the build backend asked for beside the static requirements. */
  backendRequires: readonly string[];
  /** The CUDA toolkit that was selected. */
  toolkit: CudaToolkit | null;
  /** SOURCE_DATE_EPOCH of the build, Unix time in seconds; null before it. */
  sourceDateEpoch: number | null;
  /** What a second build made, compared before any repair; null: there was none. */
  reproducibility: WheelReport["reproducibility"];
  /** Sentences for the report on the wheel. */
  readonly remarks: string[];
  /** What the test command's first run has come to; null before it. */
  tests: TestsSoFar | null;
  /** One sentence on a job that passes all the same; empty: nothing to say. */
  remark: string;
}

/** `file` is null where an older coordinator does not say which run made it. */
export type FoundBaseline =
  | { readonly kind: "found"; readonly version: string; readonly file: BaselineFile | null }
  | { readonly kind: "none"; readonly reason: string; readonly unknownProject: boolean };

export interface TestsSoFar {
  readonly tally: TestTally;
  /** Files of results that are stored. */
  filesStored: number;
}

export type StepEnd =
  /** `exitCode` is 0 when it is absent; `next` is a step that goes before the rest. */
  | { readonly ok: true; readonly exitCode?: number; readonly next?: Step }
  /** `isAgents`: the agent itself found the fault, and the log does not show it yet. */
  | { readonly ok: false; readonly exitCode: number; readonly verdict: Verdict; readonly isAgents?: boolean };

/** Brings the pip that an interpreter carries. */
export interface PipSource {
  /** A folder to put on `sys.path`. Throws when it cannot be had. */
  prepare(python: Interpreter): Promise<string>;
}

/** Brings the tool that repairs wheels to where the job's commands run. */
export interface RepairSource {
  /** Throws, with what to do, when it cannot be had. `note` hears what takes long. */
  prepare(note: (text: string) => void): Promise<ReadyTool>;
}

export interface ReadyTool {
  readonly tool: RepairTool;
  /** The start of its command line. */
  readonly argv: readonly [string, ...string[]];
  /** For people. */
  readonly version: string;
}
