import { readFileSync } from "node:fs";

export interface ProcessStat {
  /** "R", "S", "Z" (ended, not reaped) … */
  readonly state: string;
  readonly group: number;
  /** When it began, in clock ticks since boot. */
  readonly startTicks: string;
}

/** What Linux's /proc/PID/stat says (proc(5)); null when there is no such process. */
export function processStat(pid: number): ProcessStat | null {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch {
    return null;
  }
  // The command, field 2, is in parentheses and may hold anything; the fields after it count from 3.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return { state: fields[0] ?? "", group: Number(fields[2]), startTicks: fields[19] ?? "" };
}
