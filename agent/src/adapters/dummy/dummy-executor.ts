import { randomUUID } from "node:crypto";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DUMMY_GRAMMAR, dummyLine, parseDummyScript, type DummyScript } from "../../domain/dummy-script.ts";
import type { Blob, BuildWork, Job } from "../../domain/job.ts";
import { PASSED, type Verdict } from "../../domain/outcome.ts";
import type { BlobClient } from "../../ports/blob-client.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Execution, ExecutionRequest, ExecutionSink, Executor } from "../../ports/executor.ts";
import { writeDummyBytes } from "./dummy-bytes.ts";
import { DummyOutput } from "./dummy-output.ts";
import { dummyWheel } from "./dummy-wheel.ts";

/** The job's variable that holds an instruction; it wins over the test command. */
const VARIABLE = "KILN_DUMMY";
/** Wheels that were uploaded by this process and need not be again. */
const UPLOADED_MAX = 10_000;

export interface DummyParts {
  readonly blobs: BlobClient;
  readonly clock: Clock;
  /** For files on their way to the coordinator. */
  readonly workFolder: string;
  /** Ends this process at once, as if killed. */
  readonly die: () => void;
}

/**
 * Runs nothing: does what it is told to, for tests and measurements. A job that
 * simply passes touches no file and takes no turn of the event loop; a build
 * uploads the same few bytes for the same candidate every time.
 */
export class DummyExecutor implements Executor {
  readonly name = "dummy";
  readonly kinds = ["check", "build", "scan", "test"] as const;
  readonly #parts: DummyParts;
  readonly #uploaded = new Map<string, Blob>();

  constructor(parts: DummyParts) {
    this.#parts = parts;
  }

  start(request: ExecutionRequest, sink: ExecutionSink): Execution {
    return new DummyJob(request.job, sink, this.#parts, this.#uploaded).start();
  }

  clearLeftovers(): Promise<void> {
    rmSync(this.#parts.workFolder, { recursive: true, force: true });
    mkdirSync(this.#parts.workFolder, { recursive: true, mode: 0o700 });
    return Promise.resolve();
  }
}

class DummyJob {
  readonly #job: Job;
  readonly #sink: ExecutionSink;
  readonly #parts: DummyParts;
  readonly #uploaded: Map<string, Blob>;
  /** Calls off what is under way; made only when something is. */
  #callOff: (() => void) | null = null;
  #isOver = false;

  constructor(job: Job, sink: ExecutionSink, parts: DummyParts, uploaded: Map<string, Blob>) {
    this.#job = job;
    this.#sink = sink;
    this.#parts = parts;
    this.#uploaded = uploaded;
  }

  start(): Execution {
    const script = scriptOf(this.#job);
    this.#sink.started("");
    if (!script) {
      const summary = `${VARIABLE} is "${this.#job.env[VARIABLE]}"; it may be ${DUMMY_GRAMMAR}`;
      this.#end({ outcome: "bad-spec", summary });
    } else if (script.afterMs === 0) this.#act(script);
    else this.#callOff = this.#parts.clock.after(script.afterMs, () => this.#act(script));
    return { stop: () => this.#stop() };
  }

  #act({ action }: DummyScript): void {
    switch (action.kind) {
      case "pass":
        return this.#pass();
      case "fail": {
        const outcome = this.#job.work.kind === "build" ? "build-failed" : "tests-failed";
        return this.#end({ outcome, summary: "told to fail" });
      }
      case "hang":
        return;
      case "die":
        return this.#parts.die();
      case "upload": {
        const { work } = this.#job;
        return work.kind === "build" ? void this.#upload(work, action.bytes) : this.#end(PASSED);
      }
      case "flood":
        return this.#write(action.bytes, (from, to) => Buffer.alloc(to - from, "flood "));
      case "lines": {
        const lineBytes = dummyLine(1).length;
        return this.#write(action.count * lineBytes, (from, to) => linesBetween(from / lineBytes, to / lineBytes));
      }
    }
  }

  #write(bytes: number, make: (from: number, to: number) => Uint8Array): void {
    this.#sink.stepStarted("write output");
    const output = new DummyOutput(this.#sink, bytes, make, () => {
      if (this.#isOver) return;
      this.#sink.stepFinished(0, 0);
      this.#pass();
    });
    this.#callOff = () => output.stop();
    output.start();
  }

  #pass(): void {
    const { work } = this.#job;
    if (work.kind !== "build") return this.#end(PASSED);
    const known = this.#uploaded.get(wheelText(work, this.#job.python));
    if (!known) return void this.#upload(work);
    this.#sink.artifact("wheel", known);
    return this.#end(PASSED);
  }

  /** `sizeBytes` null: a small wheel; else that many bytes, which are no wheel and only called one. */
  async #upload(work: BuildWork, sizeBytes: number | null = null): Promise<void> {
    const stopping = new AbortController();
    this.#callOff = () => stopping.abort();
    const text = wheelText(work, this.#job.python);
    const { filename, bytes } = dummyWheel(work.candidate, this.#job.python);
    // A path of its own: another job may be uploading the same text.
    const path = join(this.#parts.workFolder, `${randomUUID()}.whl`);
    try {
      if (sizeBytes === null) writeFileSync(path, bytes);
      else await writeDummyBytes(path, text, sizeBytes);
      const note = (line: string): void => {
        // A job that was stopped has ended already, and its upload has something to say all the same.
        if (!this.#isOver) this.#sink.output(Buffer.from(`[kiln] ${line}\n`));
      };
      const stored = await this.#parts.blobs.store(
        path,
        filename,
        stopping.signal,
        sizeBytes === null ? () => undefined : note,
      );
      rmSync(path, { force: true });
      if (this.#isOver) return;
      if (!stored.ok) return this.#end({ outcome: "infrastructure", summary: stored.message });
      if (sizeBytes === null && this.#uploaded.size < UPLOADED_MAX) this.#uploaded.set(text, stored.blob);
      this.#sink.artifact("wheel", stored.blob);
      return this.#end(PASSED);
    } catch (cause) {
      const message = cause instanceof Error ? cause.message : String(cause);
      return this.#end({ outcome: "infrastructure", summary: message });
    }
  }

  #stop(): void {
    this.#end({ outcome: "cancelled", summary: "stopped" });
  }

  #end(verdict: Verdict): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#callOff?.();
    this.#sink.ended(verdict);
  }
}

/** Null when the variable holds no instruction; a test command that is none passes. */
function scriptOf(job: Job): DummyScript | null {
  const told = job.env[VARIABLE];
  if (told !== undefined) return parseDummyScript(told);
  const { work } = job;
  const command = work.kind !== "build" && work.check.kind === "command" ? work.check.command : "pass";
  return parseDummyScript(command) ?? { action: { kind: "pass" }, afterMs: 0 };
}

function wheelText(work: BuildWork, python: string): string {
  return `kiln dummy wheel ${work.candidate.name} ${work.candidate.version ?? ""} ${python}\n`;
}

function linesBetween(from: number, to: number): Uint8Array {
  let text = "";
  for (let n = from + 1; n <= to; n++) text += dummyLine(n);
  return Buffer.from(text);
}
