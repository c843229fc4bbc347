import { spawn, type SpawnOptions } from "node:child_process";

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
  // npm and winget are .cmd files on Windows, which only a shell starts; it gets one line of text.
  const shell = process.platform === "win32" && command !== process.execPath;
  const spawnOptions: SpawnOptions = {
    stdio: ["ignore", "pipe", "pipe"],
    shell,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.env === undefined ? {} : { env: options.env }),
  };
  const child = spawn(command, shell ? args.map(quoteForCmd) : [...args], spawnOptions);
  const both: Buffer[] = [];
  const out: Buffer[] = [];
  child.stdout?.on("data", (chunk: Buffer) => {
    both.push(chunk);
    out.push(chunk);
  });
  child.stderr?.on("data", (chunk: Buffer) => both.push(chunk));
  child.on("error", (error) => resolve({ exitCode: 127, output: `${error.message}\n`, stdout: "" }));
  child.on("close", (code) => {
    resolve({ exitCode: code ?? 1, output: Buffer.concat(both).toString(), stdout: Buffer.concat(out).toString() });
  });
  return promise;
}

function quoteForCmd(arg: string): string {
  return /[\s&|<>^]/u.test(arg) ? `"${arg}"` : arg;
}

/** True when the command exists and exits with 0. */
export async function commandWorks(command: string, args: readonly string[]): Promise<boolean> {
  return (await runCommand(command, args)).exitCode === 0;
}

/** The last lines of an output, for a person. */
export function lastLines(output: string, count: number): string {
  return output.trimEnd().split("\n").slice(-count).join("\n");
}
