import { delimiter, dirname, join } from "node:path";
import { runCommand, type CommandResult } from "./setup/command.ts";

/** The repository. */
export const root = join(import.meta.dirname, "..");

/** The environment in which the workspace's own tools are found first, and run on this Node. */
export function toolEnvironment(): NodeJS.ProcessEnv {
  const folders = [join(root, "node_modules", ".bin"), dirname(process.execPath), process.env["PATH"] ?? ""];
  return { ...process.env, PATH: folders.join(delimiter) };
}

/** Runs a program of the workspace's development dependencies, in the repository or a folder of it. */
export function runTool(name: string, args: readonly string[], folder = "."): Promise<CommandResult> {
  return runCommand(name, args, { cwd: join(root, folder), env: toolEnvironment() });
}
