import { readFileSync } from "node:fs";

/** Marks what this process leaves outside itself (namespaces, mounts), so that a later one finds what a dead one left. */
export interface Owner {
  readonly pid: number;
  /** Start of the process in clock ticks since boot: the same number is not the same process (proc(5), field 22). */
  readonly startTicks: number;
}

const NAME = /^kilnf-(\d+)-(\d+)(?:-|$)/;

export function thisOwner(): Owner {
  return { pid: process.pid, startTicks: startTicks(process.pid) ?? 0 };
}

/** `kilnf-PID-START`: the beginning of every name that it gives. */
export function ownerName({ pid, startTicks: ticks }: Owner): string {
  return `kilnf-${pid}-${ticks}`;
}

/** True for a name that was given by a process that is gone. */
export function isLeftBehind(name: string): boolean {
  const match = NAME.exec(name);
  return match !== null && startTicks(Number(match[1])) !== Number(match[2]);
}

/** Null when there is no such process. */
function startTicks(pid: number): number | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The second field is the program's name, in parentheses, with whatever is in it.
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19]);
  } catch {
    return null;
  }
}
