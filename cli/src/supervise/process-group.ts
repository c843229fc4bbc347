import { readFile } from "node:fs/promises";
import { runChild } from "../program/run-child.ts";

/** Signals a process and, unless `onlyLeader`, all of the group that it leads. One that is gone is no error. */
export function killGroup(pid: number, signal: NodeJS.Signals, options: { readonly onlyLeader?: boolean } = {}): void {
  if (pid <= 0) return;
  const whole = process.platform !== "win32" && options.onlyLeader !== true;
  try {
    process.kill(whole ? -pid : pid, signal);
  } catch {
    // It ended between the decision and the signal.
  }
}

/** True while a process with this number exists. */
export function isAlive(pid: number): boolean {
  if (pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** The command line of a process, for telling whether a number is still the process that it was; "" when not known. */
export async function commandLine(pid: number): Promise<string> {
  if (process.platform === "linux") {
    const text = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
    return text.replaceAll("\0", " ").trim();
  }
  if (process.platform === "win32") return "";
  const result = await runChild("ps", ["-o", "command=", "-p", String(pid)], { timeoutMs: 5_000 });
  return result.exitCode === 0 ? result.stdout.toString("utf8").trim() : "";
}
