import { spawn, type SpawnOptions } from "node:child_process";
import { createInterface } from "node:readline";

/** What a command did; `output` is its standard output and error as they came. */
export interface CommandResult {
  readonly exitCode: number;
  readonly output: string;
  /** Standard output alone. */
  readonly stdout: string;
}

export interface CommandOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Called with every line of standard output and error, as it comes. */
  readonly onLine?: (line: string) => void;
}

/**
 * Runs a command to its end without a terminal and keeps what it wrote. A
 * command that cannot be started has exit code 127, as in a shell.
 */
export function runCommand(
  command: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const { promise, resolve } = Promise.withResolvers<CommandResult>();
  const spawnOptions: SpawnOptions = {
    stdio: ["ignore", "pipe", "pipe"],
    // npm and winget are .cmd files on Windows, which only a shell starts.
    shell: process.platform === "win32" && command !== process.execPath,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.env === undefined ? {} : { env: options.env }),
  };
  const child = spawn(command, [...args], spawnOptions);
  const both: Buffer[] = [];
  const out: Buffer[] = [];
  child.stdout?.on("data", (chunk: Buffer) => {
    both.push(chunk);
    out.push(chunk);
  });
  child.stderr?.on("data", (chunk: Buffer) => both.push(chunk));
  if (options.onLine !== undefined) {
    for (const stream of [child.stdout, child.stderr]) {
      if (stream !== null) createInterface({ input: stream }).on("line", options.onLine);
    }
  }
  child.on("error", (error) => resolve({ exitCode: 127, output: `${error.message}\n`, stdout: "" }));
  child.on("close", (code) => {
    resolve({ exitCode: code ?? 1, output: Buffer.concat(both).toString(), stdout: Buffer.concat(out).toString() });
  });
  return promise;
}

/** True when the command exists and exits with 0. */
export async function commandWorks(command: string, args: readonly string[]): Promise<boolean> {
  return (await runCommand(command, args)).exitCode === 0;
}

/** The last lines of an output, for a person. */
export function lastLines(output: string, count: number): string {
  return output.trimEnd().split("\n").slice(-count).join("\n");
}
