import { describe, expect, it } from "vitest";
import { assignReady } from "./assign-ready.ts";
import { applyJobEvent } from "./apply-job-event.ts";
import { explainWait } from "./explain-wait.ts";
import { newEffects } from "./effects.ts";
import type { FarmState } from "./farm-state.ts";
import type { LiveRun } from "./live-job.ts";
import { newLiveRun } from "./live-run.ts";
import { schedule } from "./schedule.ts";
import { agentRow, emptyFarm, liveAgent, liveAgentOf, runRow, twoStepPlan } from "./testing.ts";

const context = { nowMs: 1, leaseTtlMs: 1_000, summary: "" };

function submit(farm: FarmState, pythons: readonly string[]): LiveRun {
  const run = newLiveRun(runRow(++farm.lastRun), twoStepPlan(pythons), 0);
  farm.runs.set(run.row.run, run);
  for (const job of run.jobs) if (job.life.state.name === "ready") farm.ready.add(run, job);
  return run;
}

/** Assigns until nothing fits and names what went where. */
function assignAll(farm: FarmState, nowMs = 1): string[] {
  const given: string[] = [];
  assignReady(farm, { nowMs, leaseTtlMs: 1_000 }, newEffects(), schedule, ({ run, job, agent }) =>
    given.push(`r${run.row.run} ${job.name} -> ${agent.row.agentId}`),
  );
  return given;
}

describe("the scheduler", () => {
  it("gives jobs only to agents that are online, have a free slot and have the Python", () => {
    const offline = { ...liveAgent("c", 4, ["3.12"]), presence: "offline" as const };
    const farm = emptyFarm([liveAgent("a", 1, ["3.11"]), liveAgent("b", 1, ["3.12"]), offline]);
    submit(farm, ["3.11", "3.12", "3.13"]);
    expect(assignAll(farm)).toEqual(["r1 build-cp311-linux-x86_64 -> a", "r1 build-cp312-linux-x86_64 -> b"]);
  });

  it("spreads jobs over the agents with the most free slots", () => {
    const farm = emptyFarm([liveAgent("a", 2, ["3.12"]), liveAgent("b", 3, ["3.12"])]);
    for (let run = 0; run < 3; run += 1) submit(farm, ["3.12"]);
    expect(assignAll(farm).map((line) => line.at(-1))).toEqual(["b", "a", "b"]);
  });

  it("serves the run that has the fewest jobs running, and the older one first", () => {
    const farm = emptyFarm([liveAgent("a", 4, ["3.11", "3.12", "3.13"])]);
    submit(farm, ["3.11", "3.12", "3.13"]);
    submit(farm, ["3.11", "3.12"]);
    expect(assignAll(farm).map((line) => line.slice(0, 2))).toEqual(["r1", "r2", "r1", "r2"]);
  });

  it("starts the longest chain first inside a run", () => {
    const farm = emptyFarm([liveAgent("a", 1, ["3.11", "3.12"])]);
    const run = submit(farm, ["3.11", "3.12"]);
    const [first] = run.jobs;
    if (!first) throw new Error("the plan has jobs");
    assignAll(farm);
    applyJobEvent(farm, run, first, { type: "finish", outcome: "passed", nowMs: 2 }, context, newEffects());
    // The test of 3.11 is ready now; the build of 3.12 has a test waiting behind it.
    expect(assignAll(farm)).toEqual(["r1 build-cp312-linux-x86_64 -> a"]);
  });

  it("starts touchstones before everything else of their run", () => {
    const farm = emptyFarm([liveAgent("a", 1, ["3.11", "3.12", "3.13"])]);
    const plan = twoStepPlan(["3.11", "3.12", "3.13"]);
    const jobs = plan.jobs.map((job) => ({ ...job, touchstone: job.cell.startsWith("cp312") }));
    const run = newLiveRun(runRow(1), { ...plan, jobs }, 0);
    for (const job of run.jobs) if (job.life.state.name === "ready") farm.ready.add(run, job);
    expect(assignAll(farm)).toEqual(["r1 build-cp312-linux-x86_64 -> a"]);
  });

  it("gives a job of a kind that an agent does not run to none, and says so", () => {
    const farm = emptyFarm([liveAgent("a", 1, ["3.12"])]);
    const plan = twoStepPlan(["3.12"]);
    const jobs = plan.jobs.map((job) => ({ ...job, requirement: { ...job.requirement, kind: "bench" as const } }));
    const run = newLiveRun(runRow(1), { ...plan, jobs }, 0);
    for (const job of run.jobs) if (job.life.state.name === "ready") farm.ready.add(run, job);
    expect(schedule(farm, 1)).toBeNull();
    const [first] = run.jobs;
    if (!first) throw new Error("the plan has jobs");
    expect(explainWait(farm, null, first.pool)).toBe("no agent has support for bench jobs");
  });

  it("gives a job that names an image to an agent that runs jobs in containers, and to no other", () => {
    const boxed = agentRow("b", 1, ["3.12"]);
    const withContainers = { ...boxed, executors: ["docker"] };
    const farm = emptyFarm([liveAgent("a", 9, ["3.12"])]);
    const plan = twoStepPlan(["3.12"]);
    const jobs = plan.jobs.map((job) => ({ ...job, requirement: { ...job.requirement, container: true } }));
    const run = newLiveRun(runRow(1), { ...plan, jobs }, 0);
    for (const job of run.jobs) if (job.life.state.name === "ready") farm.ready.add(run, job);
    expect(schedule(farm, 1)).toBeNull();
    const [first] = run.jobs;
    if (!first) throw new Error("the plan has jobs");
    expect(explainWait(farm, null, first.pool)).toBe("no agent has containers (Docker or Podman)");
    farm.agents.set("b", liveAgentOf(withContainers));
    farm.agentsRevision += 1;
    expect(assignAll(farm)).toEqual(["r1 build-cp312-linux-x86_64 -> b"]);
  });

  it("has nothing to give when every slot is taken", () => {
    const farm = emptyFarm([liveAgent("a", 1, ["3.12"])]);
    submit(farm, ["3.12"]);
    submit(farm, ["3.12"]);
    expect(assignAll(farm)).toHaveLength(1);
    expect(schedule(farm, 1)).toBeNull();
  });
});
