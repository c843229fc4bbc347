import TinyQueue from "tinyqueue";
import type { LiveJob, LiveRun, Pool } from "./live-job.ts";

/** A job that may be given to an agent now. */
export interface ReadyJob {
  readonly run: LiveRun;
  readonly job: LiveJob;
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
 * Jobs that wait for an agent, by pool and run. Entries are dropped lazily: a
 * job that is no longer ready is skipped when it comes to the top.
 */
export class ReadyQueue {
  readonly #pools = new Map<string, { readonly pool: Pool; readonly runs: Map<number, PoolRun> }>();

  add(run: LiveRun, job: LiveJob): void {
    let waiting = this.#pools.get(job.pool.key);
    if (!waiting) this.#pools.set(job.pool.key, (waiting = { pool: job.pool, runs: new Map<number, PoolRun>() }));
    let entry = waiting.runs.get(run.row.run);
    if (!entry) waiting.runs.set(run.row.run, (entry = { run, jobs: new TinyQueue<LiveJob>([], compareJobs) }));
    entry.jobs.push(job);
  }

  /**
   * The next job of a pool: from the run that has the fewest jobs running, then
   * from the older run; inside a run the one that most waits for. It stays in
   * the queue until its state changes.
   */
  next(pool: Pool): ReadyJob | null {
    const runs = this.#pools.get(pool.key)?.runs;
    if (!runs) return null;
    let best: PoolRun | null = null;
    for (const [number, entry] of runs) {
      while (entry.jobs.length > 0 && entry.jobs.peek()?.life.state.name !== "ready") entry.jobs.pop();
      if (entry.jobs.length === 0) runs.delete(number);
      else if (!best || isFairer(entry.run, best.run)) best = entry;
      // An idle run cannot be beaten: runs come in the order of submission, but for retried ones.
      if (best && best.run.active === 0) break;
    }
    if (runs.size === 0) this.#pools.delete(pool.key);
    const job = best?.jobs.peek();
    return best && job ? { run: best.run, job } : null;
  }

  /** Forgets a run that has ended. */
  drop(run: LiveRun): void {
    for (const [key, { runs }] of this.#pools) {
      if (runs.delete(run.row.run) && runs.size === 0) this.#pools.delete(key);
    }
  }

  /** Pools in which some job may wait. */
  *pools(): IterableIterator<Pool> {
    for (const { pool } of this.#pools.values()) yield pool;
  }
}

/** True when `a` should be served before `b`. */
export function isFairer(a: LiveRun, b: LiveRun): boolean {
  return a.active < b.active || (a.active === b.active && a.row.run < b.row.run);
}
