/** A process of Windows, as `Win32_Process` has it. */
export interface WindowsProcess {
  readonly pid: number;
  /** Of the process that made it, which may be gone, its number another's. */
  readonly parentPid: number;
  /** Unix time in milliseconds. */
  readonly createdMs: number;
}

/** A process that a job started: its number, and when. */
export interface StartedProcess {
  readonly pid: number;
  readonly startedMs: number;
}

/** Clocks of both sides are the same; what is noted comes shortly after the start. */
const TOLERANCE_MS = 2_000;

/**
 * What is left of trees of processes whose roots may be gone, deepest last. A
 * number is used again by Windows: a child must be younger than the process that
 * is taken for its parent, and a root must have begun when it was started.
 */
export function orphansOf(
  processes: readonly WindowsProcess[],
  roots: readonly StartedProcess[],
): readonly WindowsProcess[] {
  const found = new Map<number, WindowsProcess>();
  const queue: { readonly pid: number; readonly sinceMs: number }[] = [];
  for (const { pid, startedMs } of roots) {
    const root = processes.find((one) => one.pid === pid && Math.abs(one.createdMs - startedMs) <= TOLERANCE_MS);
    if (root) found.set(pid, root);
    queue.push({ pid, sinceMs: startedMs - TOLERANCE_MS });
  }
  for (let next = queue.shift(); next; next = queue.shift()) {
    const { pid, sinceMs } = next;
    for (const child of processes) {
      if (child.parentPid !== pid || child.createdMs < sinceMs || child.pid === pid || found.has(child.pid)) continue;
      found.set(child.pid, child);
      queue.push({ pid: child.pid, sinceMs: child.createdMs });
    }
  }
  return [...found.values()];
}

/** Reads what `LIST_PROCESSES` prints: a line `pid,parent,created` for each. Null for anything else. */
export function parseProcesses(text: string): readonly WindowsProcess[] | null {
  const lines = text.trim().split(/\r?\n/);
  const processes = lines.map((line) => {
    const [, pid, parentPid, createdMs] = /^(\d+),(\d+),(\d+)$/.exec(line.trim()) ?? [];
    return pid === undefined ? null : { pid: Number(pid), parentPid: Number(parentPid), createdMs: Number(createdMs) };
  });
  return processes.every((one) => one !== null) ? processes : null;
}

/** For PowerShell 5 and newer, which Windows comes with. Processes whose beginning it does not say are the system's. */
export const LIST_PROCESSES =
  "Get-CimInstance Win32_Process | Where-Object CreationDate | ForEach-Object { '{0},{1},{2}' -f $_.ProcessId, " +
  "$_.ParentProcessId, ([DateTimeOffset]$_.CreationDate).ToUnixTimeMilliseconds() }";
