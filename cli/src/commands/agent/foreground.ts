import { spawn } from "node:child_process";
import { once } from "node:events";
import { EXIT, type ExitCode } from "../../exit-code.ts";
import { CliError } from "../../program/cli-error.ts";
import type { Command } from "commander";
import type { Context } from "../../program/context.ts";
import { PROGRAMS } from "../../supervise/repository.ts";

/** What is typed goes to the agent's own program as it is; the usage is for the help. */
export function passEverythingOn(command: Command, usage: string): void {
  command
    .argument("[args...]")
    .usage(usage)
    .allowUnknownOption()
    .configureHelp({ ...command.configureHelp(), visibleArguments: () => [] });
}

/**
 * Runs the agent's program in the foreground, with this terminal, until it
 * ends. Ctrl-C reaches it by the terminal; what only this process is sent it is
 * handed on.
 */
export async function runAgentProgram(
  context: Context,
  name: string,
  args: readonly (string | undefined)[],
  program: string = PROGRAMS.agent,
): Promise<ExitCode> {
  const given = args.filter((arg) => arg !== undefined);
  const child = spawn(process.execPath, [program, name, ...given], {
    stdio: "inherit",
    env: context.env,
    cwd: context.cwd,
  });
  const stop = (): void => void child.kill("SIGTERM");
  const kill = (): void => void child.kill("SIGKILL");
  context.interrupted.addEventListener("abort", stop, { once: true });
  context.interruptedAgain.addEventListener("abort", kill, { once: true });
  const [code, signal] = (await once(child, "exit")) as [number | null, NodeJS.Signals | null];
  const known = Object.values(EXIT).find((one) => one === code);
  if (known !== undefined) return known;
  throw new CliError(`The agent ended unexpectedly (${signal ?? `exit code ${code}`}).`);
}
