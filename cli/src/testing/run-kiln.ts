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
  /** What it finds on its standard input; nothing by default. */
  readonly stdin?: string;
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
    stdio: [options.stdin === undefined ? "ignore" : "pipe", "pipe", "pipe"],
  });
  const { stdout: output, stderr: errors } = child;
  if (!output || !errors) throw new Error("the process has no output");
  child.stdin?.end(options.stdin);
  let stdout = "";
  let stderr = "";
  output.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
    options.onStdout?.(text, child);
  });
  errors.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const [exitCode] = (await once(child, "close")) as [number | null];
  return { exitCode, stdout, stderr };
}
