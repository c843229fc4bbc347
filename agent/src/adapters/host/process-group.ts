import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { processStat } from "../system/process-stat.ts";

const POLL_MS = 50;

/** Whether any process of the group still runs. */
function isGroupAlive(pid: number): boolean {
  try {
    process.kill(-pid, 0);
  } catch (cause) {
    return cause instanceof Error && "code" in cause && cause.code === "EPERM";
  }
  // Orphans that nobody has reaped yet still count as members: some containers take their time.
  return process.platform !== "linux" || runningMembers(pid);
}

function runningMembers(group: number): boolean {
  for (const name of readdirSync("/proc")) {
    const stat = /^\d+$/.test(name) ? processStat(Number(name)) : null;
    if (stat && stat.group === group && stat.state !== "Z") return true;
  }
  return false;
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

/** Windows has no process groups: taskkill walks the tree of parents. */
async function killTree(pid: number): Promise<void> {
  const child = spawn("taskkill", ["/pid", String(pid), "/T", "/F"], { stdio: "ignore", windowsHide: true });
  child.on("error", () => undefined);
  await once(child, "close").catch(() => undefined);
}
