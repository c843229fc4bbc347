import { spawn, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { lastLines as readLastLines, openLog, sizeOf } from "./log-file.ts";
import { killGroup } from "./process-group.ts";

/** A program that is started and kept, as a process group of its own. */
export interface ChildSpec {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  /** Takes its standard error, and its standard output too when `ready` is a probe. */
  readonly logFile: string;
  readonly ready:
    /** It writes one line of JSON with `"ready": true` to its standard output. */
    | { readonly kind: "line" }
    /** This says so; asked every `intervalMs`. */
    | { readonly kind: "probe"; readonly probe: () => Promise<boolean>; readonly intervalMs: number };
  readonly readyTimeoutMs: number;
  /** Time between the request to end and SIGKILL. */
  readonly stopTimeoutMs: number;
}

export interface ChildEnd {
  /** `exit code 1`, `signal SIGKILL`, `cannot be started: …` */
  readonly how: string;
  /** Last lines of its log, written by this process of it. */
  readonly lastLines: readonly string[];
}

export type ReadyResult =
  | { readonly ok: true; readonly line: Readonly<Record<string, unknown>> }
  | { readonly ok: false; readonly end: ChildEnd };

const LAST_LINES = 12;

/** One process of a child, from its start to its end; a restart is another one. */
export class ChildRun {
  readonly spec: ChildSpec;
  readonly pid: number;
  /** Resolves when it has ended; never rejects. */
  readonly ended: Promise<ChildEnd>;
  readonly #process: ChildProcess;
  #stopping: Promise<void> | null = null;

  private constructor(spec: ChildSpec, child: ChildProcess, ended: Promise<ChildEnd>) {
    this.spec = spec;
    this.pid = child.pid ?? 0;
    this.#process = child;
    this.ended = ended;
  }

  /**
   * Starts it. It gets a pipe as its standard input that stays open for as
   * long as this process lives: its end tells the child that nobody looks
   * after it any more, even after a kill -9.
   */
  static async start(spec: ChildSpec): Promise<ChildRun> {
    const log = await openLog(spec.logFile);
    const from = await sizeOf(spec.logFile);
    try {
      const child = spawn(spec.command, spec.args, {
        cwd: spec.cwd,
        env: spec.env,
        // Its own group: a Ctrl-C on the terminal reaches only this process, which then stops all in order.
        detached: process.platform !== "win32",
        stdio: ["pipe", spec.ready.kind === "line" ? "pipe" : log.fd, log.fd],
        windowsHide: true,
      });
      child.stdin?.on("error", () => {});
      const how = new Promise<string>((resolve) => {
        child.once("error", (error) => resolve(`cannot be started: ${error.message}`));
        child.once("exit", (code, signal) => resolve(code === null ? `signal ${signal}` : `exit code ${code}`));
      });
      const ended = how.then(async (text): Promise<ChildEnd> => {
        // What it left of its group has nobody to look after it, and may hold its port.
        if (child.pid !== undefined && process.platform !== "win32") killGroup(child.pid, "SIGKILL");
        child.stdin?.destroy();
        return { how: text, lastLines: await readLastLines(spec.logFile, LAST_LINES, from).catch(() => []) };
      });
      return new ChildRun(spec, child, ended);
    } finally {
      await log.close();
    }
  }

  /** Waits until it is ready, has ended, or `readyTimeoutMs` went by (it is then killed). */
  async ready(): Promise<ReadyResult> {
    const timeout = new AbortController();
    const { readyTimeoutMs, ready } = this.spec;
    const late = delay(readyTimeoutMs, null, { signal: timeout.signal }).catch(() => null);
    const line = ready.kind === "line" ? this.#readyLine() : this.#readyProbe(ready, timeout.signal);
    try {
      const first = await Promise.race([
        line.then((value): ReadyResult => ({ ok: true, line: value })),
        this.ended.then((end): ReadyResult => ({ ok: false, end })),
        late,
      ]);
      if (first !== null) return first;
      this.kill();
      const { lastLines } = await this.ended;
      return { ok: false, end: { how: `was not ready within ${readyTimeoutMs / 1000} s`, lastLines } };
    } finally {
      timeout.abort();
    }
  }

  async #readyLine(): Promise<Readonly<Record<string, unknown>>> {
    const { stdout } = this.#process;
    if (stdout === null) throw new Error("the child has no standard output");
    const lines = createInterface({ input: stdout });
    return new Promise((resolve) => {
      // All lines are read, the later ones for nothing: a full pipe would stop the child.
      lines.on("line", (text) => {
        const value = parseObject(text);
        if (value?.["ready"] === true) resolve(value);
      });
    });
  }

  async #readyProbe(
    ready: Extract<ChildSpec["ready"], { kind: "probe" }>,
    signal: AbortSignal,
  ): Promise<Readonly<Record<string, unknown>>> {
    while (!signal.aborted && !(await ready.probe())) await delay(ready.intervalMs);
    return {};
  }

  /** Asks it to end, and kills its whole group when it does not within `stopTimeoutMs`. Safe to call at any time, and twice. */
  async stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    await this.#stopping;
  }

  async #stop(): Promise<void> {
    // Windows has no SIGTERM: there the end of its input is the request. Elsewhere that would say that this
    // process is gone, and the child would end at once instead of in order.
    if (process.platform === "win32") this.#process.stdin?.end();
    else killGroup(this.pid, "SIGTERM", { onlyLeader: true });
    const timeout = new AbortController();
    const late = delay(this.spec.stopTimeoutMs, "late" as const, { signal: timeout.signal }).catch(() => null);
    if ((await Promise.race([this.ended, late])) === "late") this.kill();
    timeout.abort();
    await this.ended;
    this.#process.stdout?.destroy();
  }

  /** Ends it and all of its group at once. */
  kill(): void {
    if (this.#process.exitCode === null && this.#process.signalCode === null) killGroup(this.pid, "SIGKILL");
  }
}

function parseObject(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
