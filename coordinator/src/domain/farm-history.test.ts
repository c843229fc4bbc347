import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { applyJobEvent } from "./apply-job-event.ts";
import { assignReady } from "./assign-ready.ts";
import { newEffects, type Effects } from "./effects.ts";
import type { FarmState } from "./farm-state.ts";
import { liveAttemptOf, type LiveRun } from "./live-job.ts";
import { isLive, JOB_TRANSITIONS, type JobEvent } from "./job-state.ts";
import { newLiveRun } from "./live-run.ts";
import { schedule } from "./schedule.ts";
import { takeResults } from "./take-results.ts";
import { emptyFarm, liveAgent, runRow, takenResult, twoStepPlan } from "./testing.ts";

function submit(farm: FarmState, pythons: readonly string[]): LiveRun {
  const run = newLiveRun(runRow(++farm.lastRun), twoStepPlan(pythons), 0);
  farm.runs.set(run.row.run, run);
  for (const job of run.jobs) if (job.life.state.name === "ready") farm.ready.add(run, job);
  return run;
}

/** Counts again, from the jobs alone, what the farm keeps as running totals. */
function checkTotals(farm: FarmState, runs: readonly LiveRun[]): void {
  const busy = new Map<string, number>();
  const held = new Set<string>();
  for (const run of runs) {
    let active = 0;
    let unfinished = 0;
    for (const job of run.jobs) {
      const attempt = liveAttemptOf(run, job);
      if (job.life.state.name !== "finished") unfinished += 1;
      if (!attempt) continue;
      active += 1;
      busy.set(attempt.agentId, (busy.get(attempt.agentId) ?? 0) + 1);
      held.add(`r${run.row.run}/${job.index}#${attempt.attempt}`);
    }
    expect({ active: run.active, unfinished: run.unfinished }).toEqual({ active, unfinished });
    // A run whose jobs have all ended is kept until it is judged.
    expect(farm.runs.has(run.row.run)).toBe(true);
    expect(run.completedId > 0).toBe(unfinished === 0);
  }
  expect(new Set(farm.attempts.keys())).toEqual(held);
  for (const agent of farm.agents.values()) {
    expect(agent.busy).toBe(busy.get(agent.row.agentId) ?? 0);
    expect(agent.busy).toBeLessThanOrEqual(agent.row.slots);
  }
}

const context = { nowMs: 1, leaseTtlMs: 1_000, summary: "" };

type Step =
  | { readonly kind: "schedule" }
  | { readonly kind: "event"; readonly run: number; readonly job: number; readonly event: JobEvent };

const jobEvent: fc.Arbitrary<JobEvent> = fc.oneof(
  { weight: 4, arbitrary: fc.constant<JobEvent>({ type: "start" }) },
  { weight: 4, arbitrary: fc.constant<JobEvent>({ type: "finish", outcome: "passed", nowMs: 1 }) },
  fc.constant<JobEvent>({ type: "finish", outcome: "build-failed", nowMs: 1 }),
  fc.constant<JobEvent>({ type: "finish", outcome: "infrastructure", nowMs: 1 }),
  fc.constant<JobEvent>({ type: "lose", nowMs: 1 }),
  fc.constant<JobEvent>({ type: "cancel" }),
);

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 2, arbitrary: fc.constant<Step>({ kind: "schedule" }) },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant("event" as const),
      run: fc.nat({ max: 2 }),
      job: fc.nat({ max: 5 }),
      event: jobEvent,
    }),
  },
);

/** Plays what the jobs' states can meet, and checks the totals after every step. */
function play(farm: FarmState, runs: readonly LiveRun[], steps: readonly Step[], effects: Effects): void {
  for (const next of steps) {
    if (next.kind === "schedule") {
      assignReady(farm, context, effects, schedule, ({ agent, job }) => expect(agent.fits(job.pool)).not.toBeNull());
    } else {
      const run = runs[next.run];
      const job = run?.jobs[next.job];
      if (!run || !job || JOB_TRANSITIONS[job.life.state.name][next.event.type] === "impossible") continue;
      applyJobEvent(farm, run, job, next.event, context, effects);
    }
    checkTotals(farm, runs);
  }
}

describe("the farm's memory", () => {
  it("keeps its totals right, its slots within bounds and one live attempt per job through any history", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 150 }), (steps) => {
        const farm = emptyFarm([liveAgent("a", 2, ["3.11", "3.12"]), liveAgent("b", 1, ["3.12", "3.13"])]);
        const runs = [submit(farm, ["3.11", "3.12", "3.13"]), submit(farm, ["3.12"]), submit(farm, ["3.13", "3.11"])];
        play(farm, runs, steps, newEffects());
      }),
      { numRuns: 300 },
    );
  });

  it("records one outcome of a job whose result is taken, gives it to no agent, and lets the rest of its run go on", () => {
    fc.assert(
      fc.property(
        fc.array(fc.boolean(), { minLength: 6, maxLength: 6 }),
        fc.array(step, { maxLength: 80 }),
        (wish, steps) => {
          const farm = emptyFarm([liveAgent("a", 2, ["3.11", "3.12", "3.13"])]);
          const run = submit(farm, ["3.11", "3.12", "3.13"]);
          // A test is only ever taken with its build.
          const taken = run.jobs.filter(({ index, needs }) => wish[index] && needs.every((need) => wish[need]));
          const effects = newEffects();
          takeResults(farm, run, new Map(taken.map(({ index }) => [index, takenResult(9, index)])), context, effects);
          checkTotals(farm, [run]);
          play(farm, [run], steps, effects);
          for (const job of taken) {
            expect(job.life).toMatchObject({ state: { name: "finished", outcome: "passed" }, attempts: 0 });
            expect(job.reusedFrom).toMatchObject({ run: 9, job: job.index });
            const rows = effects.ops.flatMap((op) =>
              op.op === "update-job" && op.row.job === job.index ? [op.row] : [],
            );
            expect(rows.filter(({ outcome }) => outcome !== null)).toHaveLength(1);
            expect(effects.ops.some((op) => op.op === "insert-attempt" && op.row.job === job.index)).toBe(false);
          }
          expect(effects.reused).toHaveLength(taken.length);
          if (taken.length === run.jobs.length) expect([...effects.completedRuns]).toEqual([run.row.run]);
        },
      ),
      { numRuns: 200 },
    );
  });

  it("ends every run when agents keep reporting", () => {
    const farm = emptyFarm([liveAgent("a", 3, ["3.11", "3.12", "3.13"])]);
    const run = submit(farm, ["3.11", "3.12", "3.13"]);
    for (let round = 0; round < 20 && run.unfinished > 0; round += 1) {
      const effects = newEffects();
      assignReady(farm, context, effects);
      for (const job of run.jobs) {
        if (!isLive(job.life.state)) continue;
        applyJobEvent(farm, run, job, { type: "finish", outcome: "passed", nowMs: 1 }, context, effects);
      }
    }
    expect(run.completedId).toBeGreaterThan(0);
  });

  it("does not run a test whose build failed, and says which build", () => {
    const farm = emptyFarm([liveAgent("a", 1, ["3.12"])]);
    const run = submit(farm, ["3.12"]);
    const [build, test] = run.jobs;
    if (!build || !test) throw new Error("the plan has two jobs");
    const effects = newEffects();
    applyJobEvent(farm, run, build, { type: "assign", agentId: "a" }, context, effects);
    const summary = "error: no such file";
    applyJobEvent(
      farm,
      run,
      build,
      { type: "finish", outcome: "build-failed", nowMs: 2 },
      { ...context, summary },
      effects,
    );
    expect(test.life.state).toEqual({ name: "finished", outcome: "not-run" });
    expect(test.summary).toBe("build-cp312-linux-x86_64 ended as build-failed");
    expect([...effects.completedRuns]).toEqual([run.row.run]);
  });
});
