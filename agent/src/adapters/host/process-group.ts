import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";

const POLL_MS = 20;

/** Whether any process of the group is left. On Windows: whether the process itself is. */
export function isGroupAlive(pid: number): boolean {
  try {
    process.kill(groupOf(pid), 0);
    return true;
  } catch (cause) {
    return cause instanceof Error && "code" in cause && cause.code === "EPERM";
  }
}

/** Asks the group to end, and after `graceMs` makes it. Resolves when it is gone, or was killed. */
export async function endGroup(pid: number, graceMs: number): Promise<void> {
  if (process.platform === "win32") return killTree(pid);
  signalGroup(pid, "SIGTERM");
  const rounds = Math.ceil(graceMs / POLL_MS);
  for (let round = 0; round < rounds && isGroupAlive(pid); round++) await delay(POLL_MS);
  return killGroup(pid);
}

/** Kills the group at once. */
export async function killGroup(pid: number): Promise<void> {
  if (process.platform === "win32") return killTree(pid);
  signalGroup(pid, "SIGKILL");
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // Nobody is left in it.
  }
}

function groupOf(pid: number): number {
  return process.platform === "win32" ? pid : -pid;
}

/** Windows has no process groups: taskkill walks the tree of parents. */
async function killTree(pid: number): Promise<void> {
  const child = spawn("taskkill", ["/pid", String(pid), "/T", "/F"], { stdio: "ignore", windowsHide: true });
  child.on("error", () => undefined);
  await once(child, "close").catch(() => undefined);
}
