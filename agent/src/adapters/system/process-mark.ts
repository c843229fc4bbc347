import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { processStat } from "./process-stat.ts";

/**
 * A text that tells a process from a later one with the same number: when it
 * began, and on Linux the boot too. Null when there is no such process.
 */
export function processMark(pid: number): string | null {
  if (process.platform === "linux") {
    const stat = processStat(pid);
    if (!stat) return null;
    const bootId = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    return `${bootId}/${stat.startTicks}`;
  }
  if (process.platform === "win32") return isAlive(pid) ? "alive" : null;
  const { stdout, status } = spawnSync("ps", ["-o", "lstart=", "-p", String(pid)], {
    encoding: "utf8",
    timeout: 5_000,
  });
  const started = status === 0 ? stdout.trim() : "";
  return started === "" ? null : started;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (cause) {
    return cause instanceof Error && "code" in cause && cause.code === "EPERM";
  }
}
