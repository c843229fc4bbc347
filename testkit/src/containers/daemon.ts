import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { createInterface } from "node:readline";

/** What a test needs of the machine and may not get; `reason` is one line for the test's skip. */
export type Brought<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly reason: string };

export interface Daemon extends AsyncDisposable {
  readonly process: ChildProcess;
}

const STOP_MS = 15_000;

/** Path of a program, also where Debian keeps daemons; null when it is not installed. */
export function findProgram(name: string, env: NodeJS.ProcessEnv = process.env): string | null {
  const folders = [...(env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/usr/local/sbin", "/sbin"];
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path)) ?? null;
}

/** Starts a daemon and waits for the line in its log that says it is ready. */
export async function startDaemon(
  argv: readonly [string, ...string[]],
  isReady: (line: string) => boolean,
  env: NodeJS.ProcessEnv = process.env,
): Promise<Brought<Daemon>> {
  const [program, ...args] = argv;
  const child = spawn(program, args, { env, stdio: ["ignore", "ignore", "pipe"] });
  const exited = once(child, "exit").catch(() => undefined);
  const lines: string[] = [];
  const log = createInterface({ input: child.stderr });
  const ready = new Promise<boolean>((resolve) => {
    log.on("line", (line) => {
      lines.push(line);
      if (lines.length > 50) lines.shift();
      if (isReady(line)) resolve(true);
    });
    log.on("close", () => resolve(false));
    child.on("error", () => resolve(false));
  });
  if (!(await ready)) return { ok: false, reason: `${program} does not run here: ${lastError(lines)}` };
  const stop = async (): Promise<void> => {
    child.kill("SIGTERM");
    const timer = setTimeout(() => child.kill("SIGKILL"), STOP_MS);
    await exited;
    clearTimeout(timer);
  };
  return { ok: true, value: { process: child, [Symbol.asyncDispose]: stop } };
}

function lastError(lines: readonly string[]): string {
  const line = lines.findLast((one) => /error|fail|fatal/i.test(one)) ?? lines.at(-1) ?? "it said nothing";
  return line.replace(/^time="[^"]*" level=\w+ msg=/, "").slice(0, 300);
}
