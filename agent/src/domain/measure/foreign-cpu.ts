/** CPU time of one process, from /proc/PID/stat (proc(5)), in clock ticks. */
export interface ProcessTimes {
  readonly pid: number;
  /** Its parent, which waits for it when it ends. */
  readonly parentPid: number;
  /** Tells it from a later process with the same number. */
  readonly startTicks: number;
  /** In user and kernel mode, of its own. */
  readonly ownTicks: number;
  /** The same of its children that have ended and that it has waited for. */
  readonly childTicks: number;
}

/** Clock ticks a second of /proc: USER_HZ, which is 100 on every architecture that Linux runs PyTorch on. */
const TICKS_PER_SECOND = 100;

/** Parses /proc/PID/stat; null for what is not one. The name may hold anything, parentheses too. */
export function parseProcessTimes(text: string): ProcessTimes | null {
  const pid = Number.parseInt(text, 10);
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  // Field 3 of proc(5) is the first after the name.
  const [utime, stime, cutime, cstime] = fields.slice(11, 15).map(Number);
  const startTicks = Number(fields[19]);
  const parentPid = Number(fields[1]);
  if (utime === undefined || stime === undefined || cutime === undefined || cstime === undefined) return null;
  const times = { pid, parentPid, startTicks, ownTicks: utime + stime, childTicks: cutime + cstime };
  return Object.values(times).every(Number.isFinite) ? times : null;
}

/** It waits for every process whose parent is gone, those of containers among them. */
const INIT_PID = 1;

/**
 * Mean use of CPU by processes that are not the job's, in cores, between two
 * looks at all processes: before the job's process was started and after it had
 * ended. What ended in between is counted where its parent waited for it. The
 * agent waits for the job's own, and init for those of containers and for
 * orphans, so that the ended children of these two do not count.
 */
export function foreignCores(
  before: readonly ProcessTimes[],
  after: readonly ProcessTimes[],
  { agentPid, durationMs }: { readonly agentPid: number; readonly durationMs: number },
): number | null {
  if (durationMs <= 0) return null;
  const known = new Map(before.map((times) => [times.pid, times]));
  const alive = new Map(after.map((times) => [times.pid, times.startTicks]));
  const countsChildren = (pid: number): boolean => pid !== agentPid && pid !== INIT_PID;
  let ticks = 0;
  // Its parent now has all that it used since it began; what it had used before is not of this time.
  for (const then of before) {
    if (alive.get(then.pid) === then.startTicks || !countsChildren(then.parentPid) || !alive.has(then.parentPid))
      continue;
    ticks -= then.ownTicks + then.childTicks;
  }
  for (const now of after) {
    const then = known.get(now.pid);
    const isSame = then?.startTicks === now.startTicks;
    ticks += now.ownTicks - (isSame ? then.ownTicks : 0);
    if (countsChildren(now.pid)) ticks += now.childTicks - (isSame ? then.childTicks : 0);
  }
  return Math.max(0, ticks / TICKS_PER_SECOND / (durationMs / 1_000));
}
