import TinyQueue from "tinyqueue";
import type { LiveJob, LiveRun, Pool } from "./live-job.ts";

/** A job that may be given to an agent now. */
export interface ReadyJob {
  readonly run: LiveRun;
  readonly job: LiveJob;
}

/** Jobs that can run on the same agents, of runs of one priority. */
export interface ReadyEntry {
  readonly pool: Pool;
  readonly priority: number;
  /** Since when none of them was given to an agent, though one was there to be given. */
  waitingSinceMs: number;
  /** How many wait; some of them may have been dropped meanwhile. */
  size: number;
  readonly runs: Map<number, PoolRun>;
}

interface PoolRun {
  readonly run: LiveRun;
  readonly jobs: TinyQueue<LiveJob>;
}

/** Touchstones first, then the longest chain of waiting jobs, then the order of the plan. */
export function compareJobs(a: LiveJob, b: LiveJob): number {
  return Number(b.touchstone) - Number(a.touchstone) || b.weight - a.weight || a.index - b.index;
}

/**
 * Jobs that wait for an agent, by pool, priority and run. They are dropped
 * lazily: a job that is no longer ready, or not in this pool, is skipped when it
 * comes to the top.
 */
export class ReadyQueue {
  readonly #pools = new Map<string, Map<number, ReadyEntry>>();
  readonly #entries = new Set<ReadyEntry>();
  /** When a job of a priority was last given to an agent. */
  readonly #servedMs = new Map<number, number>();

  add(run: LiveRun, job: LiveJob): void {
    const { pool } = job;
    const { state } = job.life;
    if (state.name !== "ready") throw new Error(`a ${state.name} job does not wait for an agent`);
    let levels = this.#pools.get(pool.key);
    if (!levels) this.#pools.set(pool.key, (levels = new Map<number, ReadyEntry>()));
    const { priority } = run.row;
    let entry = levels.get(priority);
    if (!entry) {
      entry = { pool, priority, waitingSinceMs: state.sinceMs, size: 0, runs: new Map() };
      levels.set(priority, entry);
      this.#entries.add(entry);
    }
    let ofRun = entry.runs.get(run.row.run);
    if (!ofRun) entry.runs.set(run.row.run, (ofRun = { run, jobs: new TinyQueue<LiveJob>([], compareJobs) }));
    ofRun.jobs.push(job);
    entry.size += 1;
  }

  /** A job was given to an agent. */
  served(run: LiveRun, job: LiveJob, nowMs: number): void {
    const { priority } = run.row;
    const entry = this.#pools.get(job.pool.key)?.get(priority);
    if (entry) entry.waitingSinceMs = nowMs;
    this.#servedMs.set(priority, nowMs);
  }

  /**
   * The next job of an entry: of the runs that `mayStart` admits, from the one
   * that has the fewest jobs running, then from the older; inside a run the one
   * that most waits for. It stays in the queue until its state changes.
   */
  next(entry: ReadyEntry, mayStart: (run: LiveRun) => boolean): ReadyJob | null {
    const { runs } = entry;
    let best: PoolRun | null = null;
    for (const [number, ofRun] of runs) {
      if (!topOf(entry, ofRun)) runs.delete(number);
      else if (mayStart(ofRun.run) && (!best || isFairer(ofRun.run, best.run))) best = ofRun;
      // An idle run cannot be beaten: runs come in the order of submission, but for retried ones.
      if (best && best.run.active === 0) break;
    }
    if (runs.size === 0) this.#forget(entry);
    const job = best?.jobs.peek();
    return best && job ? { run: best.run, job } : null;
  }

  /** Forgets a run that has ended. */
  drop(run: LiveRun): void {
    for (const levels of [...this.#pools.values()]) {
      const entry = levels.get(run.row.priority);
      const ofRun = entry?.runs.get(run.row.run);
      if (!entry || !ofRun) continue;
      entry.runs.delete(run.row.run);
      entry.size -= ofRun.jobs.length;
      if (entry.runs.size === 0) this.#forget(entry);
    }
  }

  /** Some job that waits in the entry; null when none does. Cheaper than `next`. */
  first(entry: ReadyEntry): LiveJob | null {
    for (const [number, ofRun] of entry.runs) {
      const job = topOf(entry, ofRun);
      if (job) return job;
      entry.runs.delete(number);
    }
    this.#forget(entry);
    return null;
  }

  /** Entries in which some job may wait. */
  entries(): ReadonlySet<ReadyEntry> {
    return this.#entries;
  }

  /** The entries of one pool. */
  entriesOf(poolKey: string): readonly ReadyEntry[] {
    return [...(this.#pools.get(poolKey)?.values() ?? [])];
  }

  /** By priority: since when no job of it was given to an agent, though one waited. */
  waitingSinceMs(): ReadonlyMap<number, number> {
    const since = new Map<number, number>();
    for (const { priority, waitingSinceMs } of this.#entries) {
      since.set(priority, Math.min(since.get(priority) ?? Number.POSITIVE_INFINITY, waitingSinceMs));
    }
    for (const [priority, atMs] of since) {
      since.set(priority, Math.max(atMs, this.#servedMs.get(priority) ?? Number.NEGATIVE_INFINITY));
    }
    return since;
  }

  #forget(entry: ReadyEntry): void {
    const { pool, priority } = entry;
    this.#entries.delete(entry);
    const levels = this.#pools.get(pool.key);
    levels?.delete(priority);
    if (levels?.size === 0) this.#pools.delete(pool.key);
  }
}

/** Drops what does not wait any more. */
function topOf(entry: ReadyEntry, { jobs }: PoolRun): LiveJob | null {
  for (let job = jobs.peek(); job; job = jobs.peek()) {
    if (isWaiting(job, entry.pool)) return job;
    jobs.pop();
    entry.size -= 1;
  }
  return null;
}

/** A job that was lost may wait in another pool than before. */
function isWaiting(job: LiveJob, pool: Pool): boolean {
  return job.life.state.name === "ready" && job.pool.key === pool.key;
}

/** True when `a` should be served before `b`. */
export function isFairer(a: LiveRun, b: LiveRun): boolean {
  return a.active < b.active || (a.active === b.active && a.row.run < b.row.run);
}
