import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

/** A part of the farm in a process of its own, that can be killed as a crash would. */
export interface FarmProcess<Ready> extends AsyncDisposable {
  readonly pid: number;
  /** What it said on standard output when it was ready. */
  readonly ready: Ready;
  /** The last lines of its log. */
  log(): readonly string[];
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
  /** SIGTERM; resolves with its exit code when it is gone. */
  stop(): Promise<number | null>;
  /** Resolves when it has ended, however it did. */
  readonly exited: Promise<void>;
}

const LOG_LINES_KEPT = 400;

/** As `kiln up` starts its processes. */
const NODE_OPTIONS: readonly string[] = ["--max-semi-space-size=4"];

/** Starts `node main` and resolves when it has printed its ready line; throws with its log when it ends before. */
export async function startProcess<Ready extends object>(
  main: string,
  env: Readonly<Record<string, string>>,
): Promise<FarmProcess<Ready>> {
  const child = spawn(process.execPath, [...NODE_OPTIONS, main], {
    env: { ...process.env, KILN_EXIT_WITH_PARENT: "1", ...env },
    stdio: ["pipe", "pipe", "pipe"],
  });
  const lines: string[] = [];
  createInterface({ input: child.stderr }).on("line", (line) => {
    lines.push(line);
    if (lines.length > LOG_LINES_KEPT) lines.shift();
  });
  const exited = once(child, "exit").then(() => undefined);
  const ready = await readyLine<Ready>(child, main, lines);
  if (child.pid === undefined) throw new Error(`${main} has no process id`);
  const end = async (signal: NodeJS.Signals): Promise<number | null> => {
    child.kill(signal);
    await exited;
    return child.exitCode;
  };
  const kill = async (): Promise<void> => {
    await end("SIGKILL");
  };
  return {
    pid: child.pid,
    ready,
    log: () => lines,
    kill,
    stop: () => end("SIGTERM"),
    exited,
    [Symbol.asyncDispose]: kill,
  };
}

async function readyLine<Ready>(child: ChildProcess, main: string, lines: readonly string[]): Promise<Ready> {
  if (!child.stdout) throw new Error("standard output is not piped");
  const output = createInterface({ input: child.stdout });
  for await (const line of output) {
    child.stdout.resume();
    return JSON.parse(line) as Ready;
  }
  throw new Error(`${main} ended before it was ready:\n${lines.join("\n")}`);
}
