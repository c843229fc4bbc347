import TinyQueue from "tinyqueue";
import type { JobKind } from "./job-kind.ts";
import type { Plan } from "./plan.ts";

/** How long a plan would take, in milliseconds, if every job took its kind's mean. */
export interface ExpectedTime {
  /** The longest chain of jobs that need each other: no farm is faster. */
  readonly criticalPathMs: number;
  /** All jobs one after the other. */
  readonly totalMs: number;
  /** With the given slots, each job starting as soon as it may and one is free, in the order of the plan. */
  readonly expectedMs: number;
}

/**
 * Null when the mean of a kind that the plan has is not known. `slots` are jobs
 * at a time, at least 1. Which agent can run which job is not looked at, so a
 * farm with few machines of a sort takes longer.
 */
export function expectedTime(
  plan: Plan,
  meanMsByKind: Readonly<Partial<Record<JobKind, number>>>,
  slots: number,
): ExpectedTime | null {
  const indexOf = new Map(plan.jobs.map(({ name }, index) => [name, index]));
  const means: number[] = [];
  for (const { kind } of plan.jobs) {
    const mean = meanMsByKind[kind];
    if (mean === undefined) return null;
    means.push(mean);
  }
  const needs = plan.jobs.map((job) => job.needs.map((name) => indexOf.get(name) ?? -1));
  const pathMs: number[] = [];
  for (const [index, mean] of means.entries()) {
    // Every job comes after what it needs.
    pathMs.push(mean + Math.max(0, ...(needs[index] ?? []).map((need) => pathMs[need] ?? 0)));
  }
  return {
    criticalPathMs: pathMs.reduce((most, ms) => Math.max(most, ms), 0),
    totalMs: means.reduce((sum, ms) => sum + ms, 0),
    expectedMs: simulate(means, needs, Math.max(1, Math.floor(slots))),
  };
}

/** The end of the last job. Jobs that are ready at one time start in the order of the plan. */
function simulate(means: readonly number[], needs: readonly (readonly number[])[], slots: number): number {
  const waitingFor = needs.map((of) => of.length);
  const dependents: number[][] = means.map(() => []);
  for (const [job, of] of needs.entries()) for (const need of of) dependents[need]?.push(job);
  const ready = new TinyQueue([...waitingFor.keys()].filter((job) => waitingFor[job] === 0));
  const running = new TinyQueue<{ job: number; endMs: number }>([], (a, b) => a.endMs - b.endMs);
  let nowMs = 0;
  const start = (): void => {
    while (running.length < slots) {
      const job = ready.pop();
      if (job === undefined) return;
      running.push({ job, endMs: nowMs + (means[job] ?? 0) });
    }
  };
  start();
  for (let ended = running.pop(); ended; ended = running.pop()) {
    nowMs = ended.endMs;
    for (const dependent of dependents[ended.job] ?? []) {
      const left = (waitingFor[dependent] ?? 0) - 1;
      waitingFor[dependent] = left;
      if (left === 0) ready.push(dependent);
    }
    // What ends at the same time makes its jobs ready first.
    if (running.peek()?.endMs !== nowMs) start();
  }
  return nowMs;
}
