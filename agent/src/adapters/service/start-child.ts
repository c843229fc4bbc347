import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Writable } from "node:stream";

export interface AgentChild {
  /** Resolves when it has registered; never when it ends before. */
  readonly ready: Promise<void>;
  readonly exited: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
  /** Asks it to end as if by a service manager, and after `graceMs` makes it. Resolves when it is gone. */
  stop(graceMs: number): Promise<void>;
}

/** Starts the agent as a child, whose standard output goes on to `out` and whose log to this process's. */
export function startChild(command: readonly [string, ...string[]], env: NodeJS.ProcessEnv, out: Writable): AgentChild {
  const [program, ...args] = command;
  const child = spawn(program, args, {
    // The child sees by its standard input when this process has ended, however it did.
    env: { ...env, KILN_EXIT_WITH_PARENT: "1" },
    stdio: ["pipe", "pipe", "inherit"],
    windowsHide: true,
    // On Windows Node takes its children down with it at once: this one is to end its jobs first.
    detached: process.platform === "win32",
  });
  const { promise: ready, resolve } = Promise.withResolvers<void>();
  createInterface({ input: child.stdout }).on("line", (line) => {
    out.write(`${line}\n`);
    if (line.startsWith('{"ready":true')) resolve();
  });
  child.stdin.on("error", () => undefined);
  const exited = Promise.race([
    once(child, "exit").then(([code, signal]: unknown[]) => ({
      code: code as number | null,
      signal: signal as NodeJS.Signals | null,
    })),
    once(child, "error").then(() => ({ code: 127, signal: null })),
  ]);
  return {
    ready,
    exited,
    stop: async (graceMs) => {
      child.stdin.end();
      if (process.platform !== "win32") child.kill("SIGTERM");
      const timer = setTimeout(() => child.kill("SIGKILL"), graceMs);
      await exited;
      clearTimeout(timer);
    },
  };
}
