import type { Interpreter } from "../../domain/interpreter.ts";
import type { StepKind } from "../../domain/job-steps.ts";
import type { Verdict } from "../../domain/outcome.ts";
import type { ProcessGroup } from "../../ports/executor.ts";
import type { CommandSpec, RunningCommand } from "./command.ts";
import type { PipSource, RepairSource, StepEnd } from "./job-context.ts";
import type { JobEnvironmentFacts } from "./job-environment.ts";
import type { JobFolder } from "./job-folder.ts";

/** Where the commands of one job run: as processes of this machine, or in containers. */
export interface Runner {
  readonly pip: PipSource;
  readonly repair: RepairSource;
  /** Called once, first. Does not wait for anything outside this machine. Never rejects. */
  begin(): Promise<Begun>;
  /** The interpreter that the job's environment is made with; throws before the preparation has succeeded. */
  readonly python: Interpreter;
  /** The environment of a step's command. */
  environment(step: StepKind, facts: Omit<JobEnvironmentFacts, "inherited">): Record<string, string>;
  /** Runs a command; one at a time. */
  start(spec: CommandSpec, step: StepKind, folder: JobFolder, hooks: OutputHooks): RunningCommand;
  /** Where a build may write: the unpacked source, or a copy of it. */
  buildTree(folder: JobFolder): Promise<string>;
  /** Ends whatever still runs of the job. Called once, last; the folder is removed after it. */
  clear(): Promise<void>;
}

export type Begun =
  /** `pythonVersion` is empty when only the preparation will tell. */
  | { readonly ok: true; readonly pythonVersion: string; readonly preparation: Preparation | null }
  /** The job cannot begin at all. */
  | { readonly ok: false; readonly verdict: Verdict };

/** A step of the runner's own, before the job's. */
export interface Preparation {
  readonly title: string;
  /** It runs outside the job's time limit. Ends early, with whatever, once the signal is aborted. */
  run(note: (text: string) => void, signal: AbortSignal): Promise<StepEnd>;
}

export interface OutputHooks {
  /** False: no more until `drained` calls. */
  output(bytes: Uint8Array): boolean;
  drained(listener: () => void): void;
  processGroup(group: ProcessGroup): void;
}
