import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { processStat } from "./process-stat.ts";

/**
 * A text that tells a process from a later one with the same number: when it
 * began, and on Linux the boot too. Null when there is no such process, and on Windows.
 */
export function processMark(pid: number): string | null {
  if (process.platform === "linux") {
    const stat = processStat(pid);
    if (!stat) return null;
    const bootId = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    return `${bootId}/${stat.startTicks}`;
  }
  // Windows tells it to slow tools only: what is left behind there is found in another way (windows-processes.ts).
  if (process.platform === "win32") return null;
  const { stdout, status } = spawnSync("ps", ["-o", "lstart=", "-p", String(pid)], {
    encoding: "utf8",
    timeout: 5_000,
  });
  const started = status === 0 ? stdout.trim() : "";
  return started === "" ? null : started;
}
