import { spawnSync } from "node:child_process";

/** Of one command that sets up or takes down a part of the network or a mount. */
const COMMAND_MS_MAX = 20_000;

/** Runs a program and returns its standard output; throws with what it said when it fails. */
export function run(program: string, ...args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(program, [...args], {
    encoding: "utf8",
    timeout: COMMAND_MS_MAX,
  });
  if (error) throw new Error(`${program} could not be run: ${error.message}`);
  if (status !== 0) throw new Error(`${program} ${args.join(" ")} ended with ${status}: ${stderr.trim()}`);
  return stdout;
}

/** Like `run`, for what may be gone already. */
export function runIfPossible(program: string, ...args: readonly string[]): void {
  spawnSync(program, [...args], { stdio: "ignore", timeout: COMMAND_MS_MAX });
}
