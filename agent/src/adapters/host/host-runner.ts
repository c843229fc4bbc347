import type { Interpreter } from "../../domain/interpreter.ts";
import type { StepKind } from "../../domain/job-steps.ts";
import type { Log } from "../../ports/log.ts";
import type { ProcessGroup } from "../../ports/executor.ts";
import { endOrphans } from "../system/end-orphans.ts";
import { runCommand, type CommandSpec, type RunningCommand } from "./command.ts";
import { jobEnvironment } from "./job-environment.ts";
import type { PipSource, RepairSource } from "./job-context.ts";
import type { JobFolder } from "./job-folder.ts";
import type { Begun, OutputHooks, Runner } from "./runner.ts";
import { killStrays } from "./stray-processes.ts";

/** Runs the commands of a job as processes of this machine. */
export class HostRunner implements Runner {
  readonly python: Interpreter;
  readonly pip: PipSource;
  readonly repair: RepairSource;
  readonly #cookies: ReadonlySet<string>;
  readonly #log: Log;
  readonly #groups: ProcessGroup[] = [];

  constructor(
    python: Interpreter,
    tools: { readonly pip: PipSource; readonly repair: RepairSource },
    cookie: string,
    log: Log,
  ) {
    this.python = python;
    this.pip = tools.pip;
    this.repair = tools.repair;
    this.#cookies = new Set([cookie]);
    this.#log = log;
  }

  begin(): Promise<Begun> {
    return Promise.resolve({ ok: true, pythonVersion: this.python.version, preparation: null });
  }

  environment(_step: StepKind, facts: Parameters<Runner["environment"]>[1]): Record<string, string> {
    return jobEnvironment({ ...facts, inherited: process.env });
  }

  start(spec: CommandSpec, _step: StepKind, _folder: JobFolder, hooks: OutputHooks): RunningCommand {
    return runCommand(spec, {
      output: (bytes) => hooks.output(bytes),
      drained: (listener) => hooks.drained(listener),
      processGroup: (group) => {
        this.#groups.push(group);
        hooks.processGroup(group);
      },
      killStrays: async () => void (await killStrays(this.#cookies)),
    });
  }

  /** The unpacked source is the job's own and goes with it: a build may write there. */
  buildTree(folder: JobFolder): Promise<string> {
    return Promise.resolve(folder.source);
  }

  async clear(): Promise<void> {
    await killStrays(this.#cookies);
    const ended = await endOrphans(this.#groups);
    if (!ended.ok) this.#log.warn({ reason: ended.message }, "processes of a job may run on");
  }
}
