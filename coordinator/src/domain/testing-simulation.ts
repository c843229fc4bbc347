import type { Plan, PlannedJob, Requirement } from "@kiln/matrix";
import TinyQueue from "tinyqueue";
import { ableOf } from "./agent-abilities.ts";
import { applyJobEvent } from "./apply-job-event.ts";
import { newEffects } from "./effects.ts";
import type { LiveAgent } from "./farm-state.ts";
import type { LiveJob, LiveRun } from "./live-job.ts";
import { newLiveRun } from "./live-run.ts";
import { schedule } from "./schedule.ts";
import { agentRow, emptyFarm, runRow, twoStepPlan } from "./testing.ts";

// A whole farm in virtual time: the scheduler's real decisions, with jobs that only take time.

export interface SimulatedAgent {
  readonly name: string;
  readonly slots: number;
  readonly platform: string;
  readonly pythons: readonly string[];
  /** As nvidia-smi names it; null: none. */
  readonly gpu: { readonly model: string; readonly computeCapability: string } | null;
}

export interface SimulatedJob {
  readonly requirement: Requirement;
  /** Position in its run of the job that must pass first; null: none. */
  readonly needs: number | null;
  readonly durationMs: number;
}

export interface SimulatedRun {
  readonly submittedAtMs: number;
  readonly jobs: readonly SimulatedJob[];
}

export interface SimulationResult {
  readonly makespanMs: number;
  /** Per run, from its submission: until its first job started, and until its last ended. */
  readonly firstStartMs: readonly number[];
  readonly runMs: readonly number[];
  readonly decisions: number;
}

/** A run on its way. */
interface RunInFlight {
  readonly asked: SimulatedRun;
  readonly run: LiveRun;
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
  let [decisions, nowMs] = [0, 0];
  for (let event = events.pop(); event; event = events.pop()) {
    nowMs = event.atMs;
    const context = { nowMs, leaseTtlMs: 1, summary: "" };
    if (event.kind === "submit") {
      const run = newLiveRun(runRow(event.number), planOf(event.asked), nowMs);
      flights.set(event.number, { asked: event.asked, run, firstStartMs: Number.POSITIVE_INFINITY, endMs: 0 });
      farm.runs.set(event.number, run);
      for (const job of run.jobs) if (job.life.state.name === "ready") farm.ready.add(run, job);
    } else {
      const passed = { type: "finish", outcome: "passed", nowMs } as const;
      applyJobEvent(farm, event.flight.run, event.job, passed, context, newEffects());
      event.flight.endMs = nowMs;
    }
    // What happens at the same time is decided on together, as the engine's group commit does.
    if (events.peek()?.atMs === nowMs) continue;
    for (let pick = decide(farm); pick; pick = decide(farm)) {
      decisions += 1;
      const { run, job, agent } = pick;
      applyJobEvent(farm, run, job, { type: "assign", agentId: agent.row.agentId }, context, newEffects());
      const flight = flights.get(run.row.run);
      const simulated = flight?.asked.jobs[job.index];
      if (!flight || !simulated) throw new Error("the scheduler picked a job that nobody submitted");
      flight.firstStartMs = Math.min(flight.firstStartMs, nowMs);
      events.push({ atMs: nowMs + simulated.durationMs, kind: "end", flight, job });
    }
  }
  if (farm.runs.size > 0) throw new Error(`${farm.runs.size} runs stand still`);
  const ended = [...flights.values()].sort((a, b) => a.run.row.run - b.run.row.run);
  return {
    makespanMs: nowMs,
    firstStartMs: ended.map(({ firstStartMs, asked }) => firstStartMs - asked.submittedAtMs),
    runMs: ended.map(({ endMs, asked }) => endMs - asked.submittedAtMs),
    decisions,
  };
}

function simulatedAgent({ name, slots, platform, pythons, gpu }: SimulatedAgent): LiveAgent {
  const row = agentRow(name, slots, pythons);
  const inventory = {
    ...row.inventory,
    pythons: row.inventory.pythons.map((python) => ({ ...python, platform })),
    gpus: gpu === null ? [] : [{ uuid: name, ...gpu, memoryBytes: 1, driver: "580.65.06" }],
  };
  const full = { ...row, inventory, kinds: ["check", "build", "scan", "test", "bench", "profile"] as const };
  return { row: full, able: ableOf(full), busy: 0, lastSeenMs: 0, presence: "online", diskFreeBytes: 1 };
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

/** No schedule can be shorter: for every set of jobs, their work over the slots that can run any of them; and the longest chain. */
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
    ...[...capabilities].map((asked) =>
      bound(
        (job) => job.requirement.gpu?.computeCapability === asked,
        ({ gpu }) => gpu?.computeCapability === asked,
      ),
    ),
    ...runs.flatMap((run) =>
      run.jobs.map((job) => job.durationMs + (job.needs === null ? 0 : (run.jobs[job.needs]?.durationMs ?? 0))),
    ),
  );
}
