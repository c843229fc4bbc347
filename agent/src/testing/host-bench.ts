import { randomUUID } from "node:crypto";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { results } from "@kiln/proto";
import { HostExecutor } from "../adapters/host/host-executor.ts";
import type { BuildSurroundings } from "../adapters/host/job-context.ts";
import type { JobRunParts } from "../adapters/host/job-run.ts";
import type { IndexAccess } from "../adapters/host/run-index.ts";
import { PipTool } from "../adapters/host/pip-tool.ts";
import { openSpool, type DiskSpool } from "../adapters/spool/disk-spool.ts";
import { systemClock } from "../adapters/system/system-clock.ts";
import { attemptKey } from "../domain/attempt-key.ts";
import type { Interpreter } from "../domain/interpreter.ts";
import type { Job } from "../domain/job.ts";
import { SecretBook } from "../domain/redaction/secret-book.ts";
import type { Clock } from "../ports/clock.ts";
import type { Execution, ExecutionRequest, ExecutionSink, Executor } from "../ports/executor.ts";
import type { FetchSecretsResult } from "../ports/coordinator.ts";
import { Attempts } from "../services/attempts.ts";
import { indexAccess } from "./index-access.ts";
import { FetchedSecrets } from "../services/fetched-secrets.ts";
import { LocalBlobs } from "./local-blobs.ts";
import { quietLog } from "./quiet-log.ts";
import { logBytesOf, logOf, readFrames } from "./read-frames.ts";
import { SignalBoard } from "./signal-board.ts";
import { temporaryFolder } from "@kiln/testkit";

/** One of its own for each test file: an executor ends every process of this machine that carries its attempt's cookie. */
export const BENCH_AGENT = `bench-${randomUUID()}`;

const NO_SURROUNDINGS: BuildSurroundings = {
  toolkits: [],
  share: { cores: 1, memoryBytes: 2 ** 30 },
  compilerCache: null,
  containerEngine: null,
  wheelBytesMax: 2 ** 31,
};

const NO_SECRETS: FetchSecretsResult = { ok: false, message: "this bench has none", isPassing: false };

export interface RunResult {
  readonly finished: results.Finished;
  readonly log: string;
  readonly bytes: Buffer;
  readonly steps: readonly string[];
  readonly exitCodes: readonly number[];
  readonly pythonVersion: string;
  readonly artifacts: readonly results.Artifact[];
  /** Of tests. */
  readonly reports: readonly results.TestReport[];
  /** Of measurements. */
  readonly measureReport: results.MeasureReport | null;
  /** What the wheel of a build was found to be; null without an audit. */
  readonly wheelReport: results.WheelReport | null;
}

/** A host executor with everything around it but the network, for one test file. */
export class HostBench implements Disposable {
  readonly blobs: LocalBlobs;
  readonly board = new SignalBoard();
  readonly attempts: Attempts;
  readonly executor: Executor;
  readonly secrets = new SecretBook([]);
  readonly #stack = new DisposableStack();
  readonly #spool: DiskSpool;
  readonly #folder: string;
  /** Output so far, by attempt. */
  readonly #output = new Map<string, string>();
  #jobs = 0;

  /** `tools` is a folder that several benches may share, as they may `blobs`. */
  constructor(
    pythons: readonly Interpreter[],
    options: {
      readonly tools: string;
      readonly clock?: Clock;
      readonly blobs?: LocalBlobs;
      /** By default nobody answers there. */
      readonly indexes?: IndexAccess;
      readonly build?: BuildSurroundings;
      /** What the coordinator answers when a job's secrets are asked for. */
      readonly secrets?: FetchSecretsResult;
      /** Instead of one that runs jobs on this host. */
      readonly executor?: (parts: JobRunParts) => Executor;
    },
  ) {
    this.blobs = options.blobs ?? new LocalBlobs();
    this.#folder = this.#stack.use(temporaryFolder()).path;
    this.#spool = this.#stack.use(openSpool(join(this.#folder, "spool"), 1e9, quietLog).spool);
    const common = {
      agentId: BENCH_AGENT,
      workFolder: join(this.#folder, "work"),
      blobs: this.blobs,
      indexes: options.indexes ?? indexAccess("http://127.0.0.1:9", "no-password"),
      build: options.build ?? NO_SURROUNDINGS,
      jobSecrets: new FetchedSecrets(
        {
          coordinator: { fetchSecrets: async () => options.secrets ?? NO_SECRETS },
          secrets: this.secrets,
          clock: options.clock ?? systemClock,
          random: Math.random,
        },
        { agentId: BENCH_AGENT, sessionId: "bench" },
      ),
      log: quietLog,
    };
    const onHost = (): Executor =>
      new HostExecutor(() => pythons, {
        ...common,
        pip: new PipTool(options.tools),
        toolsFolder: options.tools,
        hasNcu: true,
      });
    this.executor = options.executor?.(common) ?? onHost();
    const listening: Executor = {
      name: this.executor.name,
      kinds: this.executor.kinds,
      start: (request, sink) => this.#start(request, sink),
      clearLeftovers: (attempts) => this.executor.clearLeftovers(attempts),
    };
    const parts = {
      spool: this.#spool,
      executor: listening,
      clock: options.clock ?? systemClock,
      log: quietLog,
      secrets: this.secrets,
    };
    this.attempts = new Attempts(parts, { slots: 4, attemptsMax: 100, takenMax: null }, () => this.board.changed());
  }

  get folder(): string {
    return this.#folder;
  }

  /** Names in the folder where jobs have theirs. */
  get workFolders(): readonly string[] {
    return readdirSync(join(this.#folder, "work"));
  }

  /** Starts a job; returns its attempt's key. */
  start(job: Job): string {
    const ref = { run: 1, job: this.#jobs++, attempt: 1 };
    this.attempts.take({ ref, job }, Buffer.from("assignment"));
    return attemptKey(ref);
  }

  /** Resolves when the running attempt's output is as wanted; throws when it ends without. */
  async untilOutput(key: string, isWanted: (text: string) => boolean): Promise<void> {
    const text = (): string => this.#output.get(key) ?? "";
    await this.board.until(() => isWanted(text()) || this.#spool.find(key)?.isFinished === true);
    if (!isWanted(text())) throw new Error(`it ended before: ${text()}`);
  }

  async end(key: string): Promise<RunResult> {
    const spooled = this.#spool.find(key);
    if (!spooled) throw new Error(`${key} is not in the spool`);
    await this.board.until(() => spooled.isFinished);
    const frames = readFrames(spooled);
    const bodies = frames.map(({ body }) => body);
    const last = bodies.at(-1);
    if (last?.case !== "finished") throw new Error("it has no end");
    return {
      finished: last.value,
      log: logOf(frames),
      bytes: logBytesOf(frames),
      steps: bodies.flatMap((body) => (body.case === "stepStarted" ? [body.value.title] : [])),
      exitCodes: bodies.flatMap((body) => (body.case === "stepFinished" ? [body.value.exitCode] : [])),
      pythonVersion: bodies.flatMap((body) => (body.case === "started" ? [body.value.pythonVersion] : [])).join(),
      reports: bodies.flatMap((body) => (body.case === "testReport" ? [body.value] : [])),
      artifacts: bodies.flatMap((body) => (body.case === "artifact" ? [body.value] : [])),
      measureReport: bodies.find((body) => body.case === "measureReport")?.value ?? null,
      wheelReport: bodies.find((body) => body.case === "wheelReport")?.value ?? null,
    };
  }

  run(job: Job): Promise<RunResult> {
    return this.end(this.start(job));
  }

  [Symbol.dispose](): void {
    this.#stack.dispose();
  }

  #start(request: ExecutionRequest, sink: ExecutionSink): Execution {
    const key = attemptKey(request.ref);
    return this.executor.start(request, {
      ...sink,
      output: (bytes) => {
        this.#output.set(key, ((this.#output.get(key) ?? "") + Buffer.from(bytes).toString()).slice(-10_000));
        this.board.changed();
        return sink.output(bytes);
      },
    });
  }
}
