import { spawn } from "node:child_process";
import { errorCode } from "./cli-error.ts";

export interface ChildResult {
  /** null: the program is not there. */
  readonly exitCode: number | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

export interface ChildOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly timeoutMs: number;
  /** Default 64 MiB; more than that ends the program. */
  readonly stdoutBytesMax?: number;
}

const STDERR_BYTES_MAX = 64 * 1024;

/** Runs a program to its end, without a shell, and gives what it wrote. A killed or endless one has exit code 124. */
export async function runChild(command: string, args: readonly string[], options: ChildOptions): Promise<ChildResult> {
  const stdoutBytesMax = options.stdoutBytesMax ?? 64 * 1024 * 1024;
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: options.env,
    stdio: ["ignore", "pipe", "pipe"],
    timeout: options.timeoutMs,
    killSignal: "SIGKILL",
    windowsHide: true,
  });
  const chunks: Buffer[] = [];
  let size = 0;
  let stderr = "";
  child.stdout.on("data", (chunk: Buffer) => {
    size += chunk.length;
    if (size > stdoutBytesMax) child.kill("SIGKILL");
    else chunks.push(chunk);
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    if (stderr.length < STDERR_BYTES_MAX) stderr += text;
  });
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    child.once("error", (error) => {
      if (["ENOENT", "EACCES", "ENOTDIR"].includes(errorCode(error))) resolve(null);
      else reject(error);
    });
    child.once("close", (code) => resolve(code ?? 124));
  });
  return { exitCode, stdout: Buffer.concat(chunks), stderr };
}
