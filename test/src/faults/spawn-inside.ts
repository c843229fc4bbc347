import { spawn, type ChildProcess, type SpawnOptions } from "node:child_process";
import type { Namespace } from "./namespaces.ts";

/** Starts a program in a namespace; the child's process id is the program's own. */
export function spawnInside(
  namespace: Namespace,
  program: string,
  args: readonly string[],
  options: SpawnOptions,
): ChildProcess {
  // nsenter becomes the program (no fork), so that a signal reaches it.
  return spawn("nsenter", [`--net=${namespace.path}`, "--", program, ...args], options);
}
