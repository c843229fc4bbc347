import { join } from "node:path";
import { attemptKey } from "../../domain/attempt-key.ts";
import { RUNS_COMMAND, type ProcessEnd } from "../../domain/classify.ts";
import type { Blob, Job } from "../../domain/job.ts";
import { stepsFor, type StepKind } from "../../domain/job-steps.ts";
import type { Arm } from "../../domain/measure/process-order.ts";
import { PASSED, type Verdict } from "../../domain/outcome.ts";
import type { Report } from "../../domain/report.ts";
import type { BlobClient } from "../../ports/blob-client.ts";
import type { ExecutionRequest, ExecutionSink } from "../../ports/executor.ts";
import type { Log } from "../../ports/log.ts";
import type { JobSecrets, SecretSource } from "../../ports/secret-source.ts";
import type { CommandSpec, RunningCommand } from "./command.ts";
import type {
  BuildSurroundings,
  FoundBaseline,
  JobContext,
  JobProgress,
  PipSource,
  RepairSource,
  StepEnd,
} from "./job-context.ts";
import { changedEnvironment, type EnvironmentChange } from "./job-environment.ts";
import { makeJobFolder, removeFolder, type JobFolder } from "./job-folder.ts";
import { redactedCopy } from "./redacted-copy.ts";
import type { IndexAccess } from "./run-index.ts";
import type { Preparation, Runner } from "./runner.ts";
import { STEP_ACTIONS } from "./step-actions.ts";
import { agents, DONE } from "./step-tools.ts";
import { attemptCookie } from "./stray-processes.ts";

export interface JobRunParts {
  readonly agentId: string;
  /** Where working folders are made. */
  readonly workFolder: string;
  readonly blobs: BlobClient;
  /** Where the indexes of runs are. */
  readonly indexes: IndexAccess;
  readonly build: BuildSurroundings;
  /** Where secrets come from that jobs name. */
  readonly jobSecrets: SecretSource;
  readonly log: Log;
}

/** Steps that run the job's own commands. What only installs something gets no secrets. */
const GET_SECRETS: ReadonlySet<StepKind> = new Set([...RUNS_COMMAND, "build-wheel", "rebuild-wheel"]);

/** One job: its folder, its environment, and its steps one after the other, wherever the runner runs their commands. */
export class JobRun implements JobContext {
  readonly #progress: Readonly<Record<Arm, JobProgress>> = { candidate: newProgress(), baseline: newProgress() };
  #arm: Arm = "candidate";
  readonly #request: ExecutionRequest;
  readonly #runner: Runner;
  readonly #parts: JobRunParts;
  readonly #sink: ExecutionSink;
  readonly #stopping = new AbortController();
  #folder: JobFolder | null = null;
  #step: StepKind | null = null;
  #command: RunningCommand | null = null;
  #copies = 0;
  #secrets: (JobSecrets & { readonly ok: true }) | null = null;

  constructor(request: ExecutionRequest, runner: Runner, sink: ExecutionSink, parts: JobRunParts) {
    this.#request = request;
    this.#runner = runner;
    this.#parts = parts;
    this.#sink = sink;
  }

  get job(): Job {
    return this.#request.job;
  }

  get run(): number {
    return this.#request.ref.run;
  }

  get indexes(): IndexAccess {
    const { indexes } = this.#parts;
    return { ...indexes, reader: (...args) => this.#outsideTime(indexes.reader(...args)) };
  }

  get build(): BuildSurroundings {
    return this.#parts.build;
  }

  get blobs(): BlobClient {
    const { blobs } = this.#parts;
    return {
      fetch: (...args) => this.#outsideTime(blobs.fetch(...args)),
      store: (...args) => this.#outsideTime(blobs.store(...args)),
    };
  }

  get pip(): PipSource {
    return this.#runner.pip;
  }

  get repair(): RepairSource {
    return this.#runner.repair;
  }

  get folder(): JobFolder {
    if (!this.#folder) throw new Error("the job has no folder yet");
    return this.#arm === "candidate" ? this.#folder : { ...this.#folder, virtualEnv: this.#folder.baselineEnv };
  }

  get progress(): JobProgress {
    return this.#progress[this.#arm];
  }

  get baseline(): FoundBaseline | null {
    return this.#progress.baseline.baseline;
  }

  useArm(arm: Arm): void {
    this.#arm = arm;
  }

  get signal(): AbortSignal {
    return this.#stopping.signal;
  }

  /** Runs the whole job. Never rejects; `ended` is called last. */
  async perform(): Promise<void> {
    const begun = await this.#runner.begin();
    if (!begun.ok) {
      await this.#cleanUp();
      return this.#sink.ended(begun.verdict);
    }
    this.#sink.started(begun.pythonVersion);
    let verdict: Verdict;
    try {
      verdict = await this.#runSteps(begun.preparation);
    } catch (cause) {
      this.#parts.log.error({ err: cause, attempt: attemptKey(this.#request.ref) }, "a job could not be run");
      verdict = unexpected(cause);
    }
    await this.#cleanUp();
    this.#sink.ended(verdict);
    // Not before: what ends the record may quote the job's output.
    this.#secrets?.[Symbol.dispose]();
  }

  /** Idempotent. */
  stop(): void {
    this.#stopping.abort();
    void this.#command?.stop();
  }

  note(text: string): void {
    this.#sink.output(Buffer.from(`[kiln] ${text}\n`));
  }

  artifact(role: string, blob: Blob): void {
    this.#sink.artifact(role, blob);
  }

  report(report: Report): void {
    this.#sink.report(report);
  }

  stepOutputTail(): string {
    return this.#sink.stepOutputTail();
  }

  async withoutSecrets(path: string): Promise<string> {
    if (!this.#secrets) return path;
    const copy = join(this.folder.files, `redacted-${++this.#copies}`);
    await redactedCopy(path, this.folder.root, copy, this.#secrets.redactorOf);
    return copy;
  }

  buildTree(): Promise<string> {
    return this.#runner.buildTree(this.folder);
  }

  async command(spec: Omit<CommandSpec, "env">, change?: EnvironmentChange): Promise<ProcessEnd> {
    if (this.signal.aborted) return { exitCode: 143, signal: "SIGTERM" };
    const step = this.#step ?? "run-command";
    const plain = this.#environment(step);
    const env = change ? changedEnvironment(plain, change) : plain;
    const command = this.#runner.start({ ...spec, env }, step, this.folder, this.#sink);
    this.#command = command;
    try {
      return await command.done;
    } finally {
      // The group may outlive its leader: the job is not over before it is.
      if (this.signal.aborted) await command.stop();
      this.#command = null;
    }
  }

  #environment(step: StepKind): Record<string, string> {
    const { job, ref } = this.#request;
    const { wheelPath, hasEnvironment } = this.progress;
    return this.#runner.environment(step, {
      job: GET_SECRETS.has(step) ? { ...job.env, ...this.#secrets?.values } : job.env,
      cookie: attemptCookie(this.#parts.agentId, attemptKey(ref)),
      temporaryFolder: this.folder.temporary,
      wheel: job.work.kind === "command" && wheelPath !== "" ? wheelPath : null,
      virtualEnv: hasEnvironment ? this.folder.virtualEnv : null,
    });
  }

  /** The coordinator may be away for long: that is not the job's fault. */
  async #outsideTime<T>(work: Promise<T>): Promise<T> {
    const resumeTime = this.#sink.pauseTime();
    try {
      return await work;
    } finally {
      resumeTime();
    }
  }

  async #runSteps(preparation: Preparation | null): Promise<Verdict> {
    this.#folder = await makeJobFolder(join(this.#parts.workFolder, attemptKey(this.#request.ref)));
    const secrets = this.job.secrets ?? [];
    if (secrets.length > 0) {
      const end = await this.#runStep("fetch the job's secrets", () => this.#fetchSecrets(secrets));
      if (!end.ok) return end.verdict;
    }
    if (preparation && !this.signal.aborted) {
      const end = await this.#runStep(preparation.title, () =>
        this.#outsideTime(preparation.run((text) => this.note(text), this.signal)),
      );
      if (!end.ok) return end.verdict;
    }
    // Not even looked up for a job that was stopped meanwhile.
    if (this.signal.aborted) return STOPPED;
    const steps = [...stepsFor(this.#request.job, this.#runner.python)];
    for (let step = steps.shift(); step; step = steps.shift()) {
      if (this.signal.aborted) return STOPPED;
      this.#step = step.kind;
      this.useArm(step.arm ?? "candidate");
      const { kind, title } = step;
      const end = await this.#runStep(title, () => STEP_ACTIONS[kind](step as never, this));
      if (!end.ok) return end.verdict;
      if (end.next) steps.unshift(end.next);
    }
    return { ...PASSED, summary: this.#progress.candidate.remark };
  }

  async #fetchSecrets(names: readonly string[]): Promise<StepEnd> {
    const { ref } = this.#request;
    const fetched = await this.#outsideTime(this.#parts.jobSecrets.fetch(ref, names, this.signal));
    if (!fetched.ok) {
      return agents("infrastructure", `the secrets ${names.join(", ")} cannot be had: ${fetched.message}`);
    }
    this.#secrets = fetched;
    this.note(`its commands find ${names.join(", ")} in variables of these names`);
    return DONE;
  }

  async #runStep(title: string, action: () => Promise<StepEnd>): Promise<StepEnd> {
    this.#sink.stepStarted(title);
    const startedMs = performance.now();
    let end: StepEnd;
    try {
      end = await action();
    } catch (cause) {
      end = { ok: false, exitCode: 1, verdict: unexpected(cause), isAgents: true };
    }
    if (!end.ok && end.isAgents) this.note(end.verdict.summary);
    this.#sink.stepFinished(end.exitCode ?? 0, performance.now() - startedMs);
    return end;
  }

  async #cleanUp(): Promise<void> {
    try {
      await this.#runner.clear();
      if (this.#folder) await removeFolder(this.#folder.root);
    } catch (cause) {
      this.#parts.log.warn(
        { err: cause, attempt: attemptKey(this.#request.ref) },
        "a job's folder could not be removed",
      );
    }
  }
}

function newProgress(): JobProgress {
  return {
    hasEnvironment: false,
    pipVersion: "",
    wheelPath: "",
    installed: null,
    baseline: null,
    tree: null,
    backendRequires: [],
    toolkit: null,
    sourceDateEpoch: null,
    reproducibility: null,
    remarks: [],
    tests: null,
    remark: "",
  };
}

/** Never shown: who stopped the job knows why. */
const STOPPED: Verdict = { outcome: "cancelled", summary: "it was stopped" };

/** What went wrong in the agent's own work around a job. */
function unexpected(cause: unknown): Verdict {
  const message = cause instanceof Error ? cause.message : String(cause);
  if (cause instanceof Error && "code" in cause && cause.code === "ENOSPC") {
    return { outcome: "out-of-resources", summary: "the disk of the agent is full" };
  }
  return { outcome: "infrastructure", summary: `the agent could not run the job: ${message}` };
}
