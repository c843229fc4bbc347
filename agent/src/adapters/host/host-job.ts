import { join } from "node:path";
import { attemptKey } from "../../domain/attempt-key.ts";
import type { ProcessEnd } from "../../domain/classify.ts";
import type { Interpreter } from "../../domain/interpreter.ts";
import type { Blob, Job } from "../../domain/job.ts";
import { stepsFor, type Step } from "../../domain/job-steps.ts";
import { PASSED, type Verdict } from "../../domain/outcome.ts";
import type { BlobClient } from "../../ports/blob-client.ts";
import type { ExecutionRequest, ExecutionSink } from "../../ports/executor.ts";
import type { Log } from "../../ports/log.ts";
import { runCommand, type CommandSpec, type RunningCommand } from "./command.ts";
import type { JobContext, JobProgress, StepEnd } from "./job-context.ts";
import { jobEnvironment } from "./job-environment.ts";
import { makeJobFolder, removeFolder, type JobFolder } from "./job-folder.ts";
import type { PipTool } from "./pip-tool.ts";
import { STEP_ACTIONS } from "./step-actions.ts";
import { attemptCookie, killStrays } from "./stray-processes.ts";

export interface HostParts {
  readonly agentId: string;
  /** Where working folders are made. */
  readonly workFolder: string;
  readonly blobs: BlobClient;
  readonly pip: PipTool;
  readonly log: Log;
}

/** One job on this host: its folder, its environment, and its steps one after the other. */
export class HostJob implements JobContext {
  readonly progress: JobProgress = { hasEnvironment: false, wheelPath: "", installed: null };
  readonly #request: ExecutionRequest;
  readonly #python: Interpreter;
  readonly #parts: HostParts;
  readonly #sink: ExecutionSink;
  readonly #cookie: string;
  readonly #stopping = new AbortController();
  #folder: JobFolder | null = null;
  #command: RunningCommand | null = null;

  constructor(request: ExecutionRequest, python: Interpreter, sink: ExecutionSink, parts: HostParts) {
    this.#request = request;
    this.#python = python;
    this.#parts = parts;
    this.#sink = sink;
    this.#cookie = attemptCookie(parts.agentId, attemptKey(request.ref));
  }

  get job(): Job {
    return this.#request.job;
  }

  get blobs(): BlobClient {
    const { blobs } = this.#parts;
    return {
      fetch: (...args) => this.#outsideTime(blobs.fetch(...args)),
      store: (...args) => this.#outsideTime(blobs.store(...args)),
    };
  }

  get pip(): PipTool {
    return this.#parts.pip;
  }

  get folder(): JobFolder {
    if (!this.#folder) throw new Error("the job has no folder yet");
    return this.#folder;
  }

  get signal(): AbortSignal {
    return this.#stopping.signal;
  }

  /** Runs the whole job. Never rejects; `ended` is called last. */
  async run(): Promise<void> {
    this.#sink.started(this.#python.version);
    let verdict: Verdict;
    try {
      verdict = await this.#runSteps();
    } catch (cause) {
      this.#parts.log.error({ err: cause, attempt: attemptKey(this.#request.ref) }, "a job could not be run");
      verdict = unexpected(cause);
    }
    await this.#cleanUp();
    this.#sink.ended(verdict);
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

  stepOutputTail(): string {
    return this.#sink.stepOutputTail();
  }

  #environment(): Record<string, string> {
    return jobEnvironment({
      inherited: process.env,
      job: this.#request.job.env,
      cookie: this.#cookie,
      temporaryFolder: this.folder.temporary,
      virtualEnv: this.progress.hasEnvironment ? this.folder.virtualEnv : null,
    });
  }

  async command(spec: Omit<CommandSpec, "env">): Promise<ProcessEnd> {
    if (this.signal.aborted) return { exitCode: 143, signal: "SIGTERM" };
    const command = runCommand(
      { ...spec, env: this.#environment() },
      {
        output: (bytes) => this.#sink.output(bytes),
        drained: (listener) => this.#sink.drained(listener),
        processGroup: (group) => this.#sink.processGroup(group),
        killStrays: async () => void (await killStrays(new Set([this.#cookie]))),
      },
    );
    this.#command = command;
    const end = await command.done;
    // The group may outlive its leader: the job is not over before it is.
    if (this.signal.aborted) await command.stop();
    this.#command = null;
    return end;
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

  async #runSteps(): Promise<Verdict> {
    this.#folder = await makeJobFolder(join(this.#parts.workFolder, attemptKey(this.#request.ref)));
    for (const step of stepsFor(this.#request.job, this.#python)) {
      if (this.signal.aborted) return STOPPED;
      const end = await this.#runStep(step);
      if (!end.ok) return end.verdict;
    }
    return PASSED;
  }

  async #runStep(step: Step): Promise<StepEnd> {
    this.#sink.stepStarted(step.title);
    const startedMs = performance.now();
    let end: StepEnd;
    try {
      end = await STEP_ACTIONS[step.kind](step as never, this);
    } catch (cause) {
      end = { ok: false, exitCode: 1, verdict: unexpected(cause) };
    }
    if (!end.ok && end.isAgents) this.note(end.verdict.summary);
    this.#sink.stepFinished(end.ok ? 0 : end.exitCode, performance.now() - startedMs);
    return end;
  }

  async #cleanUp(): Promise<void> {
    try {
      await killStrays(new Set([this.#cookie]));
      if (this.#folder) await removeFolder(this.#folder.root);
    } catch (cause) {
      this.#parts.log.warn(
        { err: cause, attempt: attemptKey(this.#request.ref) },
        "a job's folder could not be removed",
      );
    }
  }
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
