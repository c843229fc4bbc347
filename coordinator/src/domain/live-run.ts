import type { Plan, Requirement } from "@kiln/matrix";
import { REPLAYS_MAX, type JobState } from "./job-state.ts";
import { avoiding, poolOf, type LiveJob, type LiveRun, type Pool } from "./live-job.ts";
import { normalName } from "./staging/project-name.ts";
import type { AttemptRow, Blob, JobRow, RunRow } from "./rows.ts";

/** The memory of a run that was just planned: nothing has happened yet. */
export function newLiveRun(row: RunRow, plan: Plan, nowMs: number): LiveRun {
  const shapes = shapesOf(plan);
  const jobs = shapes.map((shape): LiveJob => {
    const missing = shape.needs.length;
    const state: JobState = missing > 0 ? { name: "blocked", missing } : { name: "ready", sinceMs: nowMs };
    return {
      ...shape,
      life: { state, attempts: 0, retriesLeft: plan.infrastructureRetries, replaysLeft: REPLAYS_MAX },
      summary: "",
      agentId: null,
      avoid: [],
      pythonVersion: "",
      readyAtMs: missing > 0 ? null : nowMs,
      startedAtMs: null,
      finishedAtMs: null,
      changedId: 0,
      wheel: null,
      reusedFrom: null,
      tests: null,
    };
  });
  return { row, jobs, ...termsOf(row, plan), active: 0, unfinished: jobs.length, completedId: 0 };
}

/** The memory of a run as the store has it. `attempts` are those that made artifacts, also of runs that results were taken from, in any order. */
export function restoreLiveRun(
  row: RunRow,
  plan: Plan,
  rows: readonly JobRow[],
  attempts: readonly AttemptRow[],
): LiveRun {
  const shapes = shapesOf(plan);
  const passed = rows.map((job) => job.outcome === "passed");
  const jobs = shapes.map((shape): LiveJob => {
    const job = rows[shape.index];
    if (!job) throw new Error(`the store has no job ${shape.index} of r${row.run}`);
    const missing = shape.needs.filter((need) => !passed[need]).length;
    return {
      ...shape,
      pool: avoiding(shape.pool, job.avoid),
      avoid: job.avoid,
      life: {
        state: restoreState(job, missing),
        attempts: job.attempts,
        retriesLeft: job.retriesLeft,
        replaysLeft: job.replaysLeft,
      },
      summary: job.summary,
      agentId: job.agentId,
      pythonVersion: job.pythonVersion,
      readyAtMs: job.readyAtMs,
      startedAtMs: job.startedAtMs,
      finishedAtMs: job.finishedAtMs,
      changedId: job.changedId,
      wheel: job.outcome === "passed" ? wheelOf(attempts, job) : null,
      reusedFrom: job.reusedFrom,
      tests: job.tests,
    };
  });
  return {
    row,
    jobs,
    ...termsOf(row, plan),
    // Counted as its attempts are restored.
    active: 0,
    unfinished: jobs.filter((job) => job.life.state.name !== "finished").length,
    completedId: jobs.every((job) => job.life.state.name === "finished")
      ? jobs.reduce((last, { changedId }) => Math.max(last, changedId), 0)
      : 0,
  };
}

function termsOf(row: RunRow, plan: Plan): Pick<LiveRun, "retryBudget" | "maxParallel" | "project"> {
  return {
    retryBudget: plan.infrastructureRetries,
    maxParallel: plan.maxParallel ?? Number.POSITIVE_INFINITY,
    project: normalName(row.candidate.name),
  };
}

type JobShape = Pick<LiveJob, "index" | "name" | "kind" | "pool" | "needs" | "dependents" | "touchstone" | "weight">;

/** A plan never changes: its shapes live as long as it does. */
const SHAPES = new WeakMap<Plan, readonly JobShape[]>();

function shapesOf(plan: Plan): readonly JobShape[] {
  let shapes = SHAPES.get(plan);
  if (!shapes) SHAPES.set(plan, (shapes = makeShapes(plan)));
  return shapes;
}

function makeShapes(plan: Plan): readonly JobShape[] {
  const indexOf = new Map(plan.jobs.map((job, index) => [job.name, index]));
  const dependents: number[][] = plan.jobs.map(() => []);
  const needs = plan.jobs.map((job, index) =>
    job.needs.map((name) => {
      const need = indexOf.get(name);
      if (need === undefined || need >= index)
        throw new Error(`${job.name} needs ${name}, which does not come before it`);
      dependents[need]?.push(index);
      return need;
    }),
  );
  // Jobs come after what they need, so going backwards meets every dependent first.
  const weights = plan.jobs.map(() => 0);
  for (let index = plan.jobs.length - 1; index >= 0; index -= 1) {
    for (const dependent of dependents[index] ?? []) {
      weights[index] = Math.max(weights[index] ?? 0, (weights[dependent] ?? 0) + 1);
    }
  }
  const pools = new Map<string, Pool>();
  const poolFor = (requirement: Requirement): Pool => {
    const pool = poolOf(requirement);
    const known = pools.get(pool.key);
    if (known) return known;
    pools.set(pool.key, pool);
    return pool;
  };
  return plan.jobs.map((job, index) => ({
    index,
    name: job.name,
    kind: job.kind,
    pool: poolFor(job.requirement),
    needs: needs[index] ?? [],
    dependents: dependents[index] ?? [],
    touchstone: job.touchstone,
    weight: weights[index] ?? 0,
  }));
}

function restoreState(job: JobRow, missing: number): JobState {
  switch (job.state) {
    case "blocked":
      return { name: "blocked", missing };
    case "ready":
      return { name: "ready", sinceMs: job.readyAtMs ?? 0 };
    case "assigned":
    case "running":
    case "cancelling":
      if (job.agentId === null) throw new Error(`r${job.run} job ${job.job} is ${job.state} without an agent`);
      return { name: job.state, attempt: job.attempts, agentId: job.agentId };
    case "finished":
      if (job.outcome === null) throw new Error(`r${job.run} job ${job.job} is finished without an outcome`);
      return { name: "finished", outcome: job.outcome };
  }
}

function wheelOf(attempts: readonly AttemptRow[], job: JobRow): Blob | null {
  const key = job.reusedFrom ?? { run: job.run, job: job.job, attempt: job.attempts };
  const made = attempts.find(({ run, job: of, attempt }) => {
    return run === key.run && of === key.job && attempt === key.attempt;
  });
  return made?.artifacts.find((artifact) => artifact.role === "wheel")?.blob ?? null;
}
