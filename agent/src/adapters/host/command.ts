import { spawn, type ChildProcess } from "node:child_process";
import { constants } from "node:os";
import type { Readable } from "node:stream";
import type { ProcessEnd } from "../../domain/classify.ts";
import { endGroup, killGroup } from "./process-group.ts";
import { windowsMark } from "../system/end-orphans.ts";
import { processMark } from "../system/process-mark.ts";
import type { ProcessGroup } from "../../ports/executor.ts";

/** Between SIGTERM and SIGKILL. */
const GRACE_MS = 3_000;
/** What a step's own process left running may still write for this long. */
const LEFTOVER_MS = 250;
/** After that, and after its killing, the pipe is given up when someone still holds it. */
const ABANDON_MS = 2_000;

export interface CommandSpec {
  readonly argv: readonly [string, ...string[]];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** On Windows the only argument is a whole command line, passed on as it is. */
  readonly isVerbatim?: boolean;
}

export interface CommandHooks {
  /** False: no more until `drained` calls. */
  output(bytes: Uint8Array): boolean;
  drained(listener: () => void): void;
  processGroup(group: ProcessGroup): void;
  /** Kills what left the group; called when the pipe stays open. */
  killStrays(): Promise<void>;
}

export interface RunningCommand {
  /** Resolves when the process has ended, its output is read and its group is gone. */
  readonly done: Promise<ProcessEnd>;
  /** Ends the whole group: SIGTERM, after a grace SIGKILL. Resolves when that is done. Idempotent. */
  stop(): Promise<void>;
}

/**
 * Runs a command in a process group of its own. Standard output and error come
 * as one sequence of bytes in the order written; standard input is empty. A
 * program that cannot be started ends with 127 and says so in its output.
 */
export function runCommand(spec: CommandSpec, hooks: CommandHooks): RunningCommand {
  const child = start(spec);
  let stopping: Promise<void> | null = null;
  const stop = (): Promise<void> => {
    stopping ??= child.pid === undefined ? Promise.resolve() : endGroup(child.pid, GRACE_MS);
    // What is held back is read and dropped, so that the pipe can close.
    for (const stream of outputsOf(child)) stream.resume();
    return stopping;
  };
  if (child.pid !== undefined) {
    hooks.processGroup({ pid: child.pid, mark: processMark(child.pid) ?? ownMark() });
  }
  const closed = readOutputs(child, hooks, () => stopping !== null);
  return { done: finish(child, closed, hooks), stop };
}

function start(spec: CommandSpec): ChildProcess {
  const { cwd, env, argv } = spec;
  const [program, ...args] = argv;
  if (process.platform === "win32") {
    return spawn(program, args, {
      cwd,
      env,
      stdio: ["ignore", "pipe", "pipe"],
      windowsHide: true,
      windowsVerbatimArguments: spec.isVerbatim ?? false,
    });
  }
  // One pipe for both, so that their order is kept: the shell joins them and is then replaced.
  return spawn("/bin/sh", ["-c", 'exec "$@" 2>&1', "sh", ...argv], {
    cwd,
    env,
    stdio: ["ignore", "pipe", "ignore"],
    detached: true,
  });
}

/** Where the system does not say when a process began. */
function ownMark(): string {
  return process.platform === "win32" ? windowsMark(Date.now()) : "";
}

function outputsOf(child: ChildProcess): Readable[] {
  return [child.stdout, child.stderr].filter((stream) => stream !== null);
}

/** Resolves when every output is at its end or given up. */
async function readOutputs(child: ChildProcess, hooks: CommandHooks, isStopping: () => boolean): Promise<void> {
  const ends = outputsOf(child).map((stream) => {
    stream.on("data", (bytes: Uint8Array) => {
      if (hooks.output(bytes) || isStopping()) return;
      stream.pause();
      hooks.drained(() => stream.resume());
    });
    // A pipe that breaks ends.
    stream.on("error", () => undefined);
    return new Promise<void>((resolve) => stream.once("close", resolve));
  });
  await Promise.all(ends);
}

async function finish(child: ChildProcess, closed: Promise<void>, hooks: CommandHooks): Promise<ProcessEnd> {
  const end = await exitOf(child, hooks);
  if (child.pid === undefined) return end;
  await atMost(LEFTOVER_MS, closed);
  // Whatever the step left running ends with it.
  await killGroup(child.pid);
  if (!(await isSettled(closed))) {
    await hooks.killStrays();
    await closedOrAbandoned(child, closed);
  }
  return end;
}

function exitOf(child: ChildProcess, hooks: CommandHooks): Promise<ProcessEnd> {
  return new Promise((resolve) => {
    child.once("error", (cause) => {
      hooks.output(Buffer.from(`[kiln] it could not be started: ${cause.message}\n`));
      resolve({ exitCode: 127, signal: null });
    });
    child.once("exit", (code, signal) => resolve({ exitCode: code ?? signalCode(signal), signal }));
  });
}

/** Waits for the end of the output while the job is held back, and else not for long. */
async function closedOrAbandoned(child: ChildProcess, closed: Promise<void>): Promise<void> {
  for (;;) {
    await atMost(ABANDON_MS, closed);
    if (await isSettled(closed)) return;
    const streams = outputsOf(child);
    if (streams.some((stream) => stream.isPaused())) continue;
    for (const stream of streams) stream.destroy();
  }
}

async function isSettled(promise: Promise<void>): Promise<boolean> {
  const pending = Symbol("pending");
  return (await Promise.race([promise, Promise.resolve(pending)])) !== pending;
}

async function atMost(ms: number, promise: Promise<void>): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  await Promise.race([promise, late]);
  clearTimeout(timer);
}

function signalCode(signal: NodeJS.Signals | null): number {
  return 128 + (signal === null ? 0 : constants.signals[signal]);
}
