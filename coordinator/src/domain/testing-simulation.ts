import type { Plan, PlannedJob, Requirement } from "@kiln/matrix";
import TinyQueue from "tinyqueue";
import { applyJobEvent } from "./apply-job-event.ts";
import { newEffects } from "./effects.ts";
import { assignReady } from "./assign-ready.ts";
import type { LiveAgent } from "./live-agent.ts";
import type { LiveJob, LiveRun } from "./live-job.ts";
import { newLiveRun } from "./live-run.ts";
import { finishRun } from "./run-state.ts";
import { schedule } from "./schedule.ts";
import { agentRow, emptyFarm, gpuRow, liveAgentOf, runRow, twoStepPlan } from "./testing.ts";

// A whole farm in virtual time: the scheduler's real decisions, with jobs that only take time.

export interface SimulatedAgent {
  readonly name: string;
  readonly slots: number;
  readonly platform: string;
  readonly pythons: readonly string[];
  /** As nvidia-smi names them, all alike; null: none. */
  readonly gpu: { readonly model: string; readonly computeCapability: string; readonly count: number } | null;
}

export interface SimulatedJob {
  readonly requirement: Requirement;
  /** Position in its run of the job that must pass first; null: none. */
  readonly needs: number | null;
  readonly durationMs: number;
}

export interface SimulatedRun {
  readonly submittedAtMs: number;
  /** 0 where nothing is said. */
  readonly priority?: number;
  readonly jobs: readonly SimulatedJob[];
}

export interface SimulationResult {
  readonly makespanMs: number;
  /** Per run, from its submission: until its first job started, and until its last ended. */
  readonly firstStartMs: readonly number[];
  readonly runMs: readonly number[];
  /** Per run and job: how long it was ready before it started. */
  readonly waitMs: readonly (readonly number[])[];
  readonly decisions: number;
  /** The most agents and entries of the queue that one decision looked at. */
  readonly looksMax: number;
}

/** A run on its way. */
interface RunInFlight {
  readonly asked: SimulatedRun;
  readonly run: LiveRun;
  readonly waitMs: number[];
  firstStartMs: number;
  endMs: number;
}

type Event = { readonly atMs: number } & (
  | { readonly kind: "submit"; readonly asked: SimulatedRun; readonly number: number }
  | { readonly kind: "end"; readonly flight: RunInFlight; readonly job: LiveJob }
);

/** Runs everything to its end; runs come in the order of their submission. A benchmark times `decide`. Throws when the farm stands still before that. */
export function simulate(
  agents: readonly SimulatedAgent[],
  runs: readonly SimulatedRun[],
  decide: typeof schedule = schedule,
): SimulationResult {
  const farm = emptyFarm(agents.map(simulatedAgent));
  const submitted = runs.map((asked, index): Event => ({
    atMs: asked.submittedAtMs,
    kind: "submit",
    asked,
    number: index + 1,
  }));
  const events = new TinyQueue<Event>(submitted, (a, b) => a.atMs - b.atMs);
  const flights = new Map<number, RunInFlight>();
  let [decisions, nowMs, looksMax] = [0, 0, 0];
  const counted: typeof schedule = (state, atMs) => {
    const before = state.capacity.looks;
    const decision = decide(state, atMs);
    looksMax = Math.max(looksMax, state.capacity.looks - before);
    return decision;
  };
  for (let event = events.pop(); event; event = events.pop()) {
    nowMs = event.atMs;
    const context = { nowMs, leaseTtlMs: 1, summary: "" };
    if (event.kind === "submit") {
      const run = newLiveRun(runRow(event.number, event.asked.priority ?? 0), planOf(event.asked), nowMs);
      const waitMs = run.jobs.map(() => 0);
      flights.set(event.number, { asked: event.asked, run, waitMs, firstStartMs: Number.POSITIVE_INFINITY, endMs: 0 });
      farm.runs.set(event.number, run);
      for (const job of run.jobs) if (job.life.state.name === "ready") farm.ready.add(run, job);
    } else {
      const passed = { type: "finish", outcome: "passed", nowMs } as const;
      applyJobEvent(farm, event.flight.run, event.job, passed, context, newEffects());
      event.flight.endMs = nowMs;
      const { run } = event.flight;
      if (run.unfinished === 0) finishRun(farm, run, { verdict: "pass", reason: "" }, nowMs, newEffects());
    }
    // What happens at the same time is decided on together, as the engine's group commit does.
    if (events.peek()?.atMs === nowMs) continue;
    assignReady(farm, context, newEffects(), counted, ({ run, job }) => {
      decisions += 1;
      const flight = flights.get(run.row.run);
      const simulated = flight?.asked.jobs[job.index];
      if (!flight || !simulated) throw new Error("the scheduler picked a job that nobody submitted");
      flight.firstStartMs = Math.min(flight.firstStartMs, nowMs);
      flight.waitMs[job.index] = nowMs - (job.readyAtMs ?? nowMs);
      events.push({ atMs: nowMs + simulated.durationMs, kind: "end", flight, job });
    });
  }
  if (farm.runs.size > 0) throw new Error(`${farm.runs.size} runs stand still`);
  const ended = [...flights.values()].sort((a, b) => a.run.row.run - b.run.row.run);
  return {
    makespanMs: nowMs,
    firstStartMs: ended.map(({ firstStartMs, asked }) => firstStartMs - asked.submittedAtMs),
    runMs: ended.map(({ endMs, asked }) => endMs - asked.submittedAtMs),
    waitMs: ended.map((flight) => flight.waitMs),
    decisions,
    looksMax,
  };
}

function simulatedAgent({ name, slots, platform, pythons, gpu }: SimulatedAgent): LiveAgent {
  const row = agentRow(name, slots, pythons);
  const inventory = {
    ...row.inventory,
    pythons: row.inventory.pythons.map((python) => ({ ...python, platform })),
    gpus: Array.from({ length: gpu?.count ?? 0 }, (_, index) =>
      gpuRow(`GPU-${name}-${index}`, gpu?.model, gpu?.computeCapability),
    ),
  };
  return liveAgentOf({ ...row, inventory, kinds: ["check", "build", "scan", "test", "bench", "profile"] });
}

function planOf({ jobs }: SimulatedRun): Plan {
  const [sample] = twoStepPlan(["3.12"]).jobs;
  const planned = jobs.map(({ requirement, needs }, index): PlannedJob => {
    if (sample?.kind !== "build") throw new Error("the sample plan begins with a build");
    // What a job does is nothing to the scheduler: it looks at the requirement, which has the kind.
    const name = `j${index}`;
    return { ...sample, name, key: name, needs: needs === null ? [] : [`j${needs}`], requirement };
  });
  return { ...twoStepPlan(["3.12"]), jobs: planned };
}

/**
 * No schedule can be shorter: for every set of jobs, their work over the slots
 * that can run any of them; likewise over GPUs, where a job that has its machine
 * to itself has all of them; and the longest chain.
 */
export function lowerBoundMs(agents: readonly SimulatedAgent[], runs: readonly SimulatedRun[]): number {
  const jobs = runs.flatMap((run) => run.jobs);
  const bound = (some: (job: SimulatedJob) => boolean, can: (agent: SimulatedAgent) => boolean): number => {
    const workMs = jobs.filter(some).reduce((sum, job) => sum + job.durationMs, 0);
    return workMs === 0 ? 0 : workMs / agents.filter(can).reduce((sum, agent) => sum + agent.slots, 0);
  };
  const platforms = new Set(agents.map(({ platform }) => platform));
  const capabilities = new Set(agents.flatMap(({ gpu }) => gpu?.computeCapability ?? []));
  return Math.max(
    ...[...platforms].map((asked) =>
      bound(
        (job) => job.requirement.platform === asked,
        ({ platform }) => platform === asked,
      ),
    ),
    ...[...capabilities].map((asked) => gpuBoundMs(agents, jobs, asked)),
    ...runs.flatMap((run) =>
      run.jobs.map((job) => job.durationMs + (job.needs === null ? 0 : (run.jobs[job.needs]?.durationMs ?? 0))),
    ),
  );
}

/** Work in GPU time: a job with its machine to itself takes as much as the smallest of the machines could have done meanwhile. */
function gpuBoundMs(agents: readonly SimulatedAgent[], jobs: readonly SimulatedJob[], capability: string): number {
  const counts = agents.flatMap(({ gpu }) => (gpu?.computeCapability === capability ? [gpu.count] : []));
  const smallest = Math.min(...counts);
  const workMs = jobs.reduce((sum, { requirement, durationMs }) => {
    if (requirement.gpu?.computeCapability !== capability) return sum;
    const isAlone = requirement.kind === "bench" || requirement.kind === "profile";
    return sum + durationMs * (isAlone ? smallest : (requirement.gpu.count ?? 1));
  }, 0);
  return workMs === 0 ? 0 : workMs / counts.reduce((sum, count) => sum + count, 0);
}
