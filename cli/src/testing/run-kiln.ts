import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

export interface KilnResult {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface KilnOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** Called with the process and each piece of its standard output. */
  readonly onStdout?: (text: string, child: ChildProcess) => void;
}

const MAIN = join(import.meta.dirname, "..", "main.ts");

/** Runs the real command line as a process of its own, pointed at no farm unless `env` says so. */
export async function runKiln(args: readonly string[], options: KilnOptions = {}): Promise<KilnResult> {
  const { KILN_URL: _url, KILN_TOKEN: _token, ...inherited } = process.env;
  const child = spawn(process.execPath, [MAIN, ...args], {
    cwd: options.cwd,
    env: { ...inherited, KILN_HOME: "/nonexistent/kiln", ...options.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
    options.onStdout?.(text, child);
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const [exitCode] = (await once(child, "close")) as [number | null];
  return { exitCode, stdout, stderr };
}
