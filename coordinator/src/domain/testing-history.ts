import type { Plan, PlannedJob, Requirement } from "@kiln/matrix";
import { expect } from "vitest";
import { addWindow, clearHealth, refreshModes, setMode, takeHealthReport } from "./agent-changes.ts";
import { modeAt, type ModeName } from "./agent-standing.ts";
import { attemptId } from "./attempt-key.ts";
import { applyJobEvent } from "./apply-job-event.ts";
import { assignReady } from "./assign-ready.ts";
import { newEffects, type Effects } from "./effects.ts";
import { finishRun } from "./run-state.ts";
import type { FarmState, LiveAttempt } from "./farm-state.ts";
import { findAttempt, findJob } from "./farm-state.ts";
import type { HealthReport } from "./health-report.ts";
import { insertRun } from "./insert-run.ts";
import { deviceHealth } from "./devices.ts";
import type { LiveAgent } from "./live-agent.ts";
import type { LiveJob } from "./live-job.ts";
import { REPLAYS_MAX, type JobEvent } from "./job-state.ts";
import { newLiveRun } from "./live-run.ts";
import { noteRunCancelling } from "./run-state.ts";
import type { Outcome } from "./outcome.ts";
import { rebuildFarm } from "./rebuild-farm.ts";
import type { AgentRow } from "./rows.ts";
import { schedule, type Assignment } from "./schedule.ts";
import { addAgent, agentRow, emptyFarm, gpuRow, liveAgentOf, runRow, twoStepPlan } from "./testing.ts";
import { MemoryStore } from "./testing-memory-store.ts";
import { checkTotals, memoryOf } from "./testing-totals.ts";

// Histories of a farm: random steps on the real decisions, a store that refuses
// what may not be, and totals that are counted again after every step.

const LEASE_TTL_MS = 15_000;
const RETRIES = 1;
const LIMITS = { runJobsMax: 3, projectJobsMax: 3 };
const GPUS = ["GPU-1", "GPU-2"];

/** Two agents of one machine with two GPUs, one of another with one GPU, and one that takes one job. */
function agents(): readonly AgentRow[] {
  const kinds = ["build", "test", "bench"] as const;
  const on = (row: AgentRow, hostId: string, gpus: readonly string[]): AgentRow => ({
    ...row,
    hostId,
    kinds,
    inventory: { ...row.inventory, gpus: gpus.map((uuid) => gpuRow(uuid)) },
  });
  return [
    on(agentRow("a", 2, ["3.12"]), "m1", GPUS),
    on(agentRow("b", 1, ["3.12"]), "m1", GPUS),
    on(agentRow("c", 2, ["3.12"]), "m2", ["GPU-3"]),
    { ...on(agentRow("d", 1, ["3.12"]), "m3", []), ephemeral: true },
  ];
}

/** Requirements are made once: their pools and the agents' answers are the same in every history. */
const LIVE_AGENTS = agents().map((row) => liveAgentOf(row));

/** A build, a test of it, one on a GPU, one on two, and a benchmark. */
const PLAN = planOf();

function planOf(): Plan {
  const plan = twoStepPlan(["3.12"], RETRIES);
  const [build, test] = plan.jobs;
  if (!build || !test) throw new Error("the sample plan has two jobs");
  const gpu = { computeCapability: "9.0", model: null, cuda: null, driver: null };
  const asking = (name: string, requirement: Partial<Requirement>): PlannedJob => ({
    ...test,
    name,
    key: name,
    requirement: { ...test.requirement, ...requirement },
  });
  const jobs = [
    build,
    test,
    asking("test-gpu", { gpu }),
    asking("test-two-gpus", { gpu: { ...gpu, count: 2 } }),
    asking("bench", { kind: "bench", gpu }),
  ];
  return { ...plan, jobs, maxParallel: 2 };
}

const OUTCOMES: readonly Outcome[] = ["passed", "passed", "passed", "tests-failed", "infrastructure", "infrastructure"];
const MODES: readonly ModeName[] = ["active", "active", "draining", "paused"];

/** A number below `below`: where all that is random comes from. */
export type Draw = (below: number) => number;

/** One farm and what the world does to it. */
export class History {
  readonly store = new MemoryStore();
  readonly assigned: Assignment[] = [];
  farm: FarmState;
  nowMs = 1_000_000;
  /** Attempts that any agent was ever given; old ones speak up again. */
  readonly #given: LiveAttempt[] = [];
  /** Attempts that a job had when a person last asked for it. */
  readonly #askedAt = new Map<string, number>();
  readonly #draw: Draw;

  constructor(draw: Draw) {
    this.#draw = draw;
    this.farm = emptyFarm([], LIMITS);
    for (const agent of LIVE_AGENTS) {
      // What an agent fits is worked out once for all histories; how it stands is its own.
      addAgent(this.farm, { ...agent, host: liveHostLike(agent) });
      this.store.perform([{ op: "upsert-agent", row: agent.row }]);
    }
  }

  /** One thing that happens. */
  step(): void {
    const draw = this.#draw;
    switch (draw(20)) {
      case 0:
      case 1:
        return this.#submit(draw(3) * 10 - 10);
      case 2:
      case 3:
      case 4:
      case 5:
        return this.#report({ type: "start" });
      case 6:
      case 7:
      case 8:
        return this.#report({ type: "finish", outcome: pick(OUTCOMES, draw), nowMs: this.nowMs });
      case 9:
        return this.#lose();
      case 10:
        return this.#decide((effects) =>
          setMode(this.farm, this.#agent(), { name: pick(MODES, draw), reason: "" }, this.nowMs, effects),
        );
      case 11:
        return this.#health();
      case 12:
        return this.#decide((effects) => clearHealth(this.farm, this.#agent(), null, this.nowMs, effects));
      case 13:
      case 14:
      case 15:
        return this.#comeBack();
      case 16:
        return draw(3) === 0 ? this.#cancel() : this.#pass(60_000 * draw(15));
      case 17:
        return draw(3) === 0 ? this.#maintain() : this.#resume();
      case 18:
        return this.#resume();
      default:
        return draw(2) === 0 ? this.#restart() : this.#retry();
    }
  }

  /** Everything is well, everybody is there, and every attempt passes: every run has to end. */
  settle(): void {
    for (let round = 0; this.farm.runs.size > 0; round += 1) {
      if (round > 200) throw new Error(`${this.farm.runs.size} runs stand still`);
      this.#pass(5 * 60_000);
      this.#decide((effects) => {
        for (const agent of this.farm.agents.values()) {
          agent.presence = "online";
          if (agent.row.ephemeral) continue;
          clearHealth(this.farm, agent, null, this.nowMs, effects);
          if (agent.mode.name !== "active")
            setMode(this.farm, agent, { name: "active", reason: "" }, this.nowMs, effects);
        }
        this.farm.agentsRevision += 1;
      });
      for (const attempt of [...this.farm.attempts.values()]) this.#end(attempt, "passed");
    }
    this.check();
  }

  #submit(priority: number): void {
    if (this.farm.runs.size >= 3) return;
    this.#decide((effects) => {
      const run = newLiveRun(runRow(++this.farm.lastRun, priority), PLAN, this.nowMs);
      this.farm.runs.set(run.row.run, run);
      for (const job of run.jobs) if (job.life.state.name === "ready") this.farm.ready.add(run, job);
      effects.ops.push(insertRun(run, PLAN, ""));
    });
  }

  /** Of any attempt that there ever was: frames of those that hold no lease are refused before they become events. */
  #report(event: JobEvent): void {
    const attempt = this.#speaker();
    if (!attempt || !findAttempt(this.farm, attempt.key)) return;
    if (event.type === "finish") return this.#end(attempt, event.outcome);
    this.#decide((effects) => {
      const { run, job } = findJob(this.farm, attempt.key);
      applyJobEvent(this.farm, run, job, event, this.#context(), effects);
      const live = findAttempt(this.farm, attempt.key);
      if (live) live.progress = { ...live.progress, acceptedSeq: 1 };
    });
  }

  /** Mostly one that holds its lease, sometimes one that may have lost it long ago. */
  #speaker(): LiveAttempt | undefined {
    const from = this.#draw(4) === 0 ? this.#given : [...this.farm.attempts.values()];
    return from[this.#draw(Math.max(1, from.length))];
  }

  #end({ key }: LiveAttempt, outcome: Outcome): void {
    const before = findAttempt(this.farm, key);
    if (!before) return;
    this.#decide((effects) => {
      const { run, job } = findJob(this.farm, key);
      const stopped = before.withdrawn !== "" && this.#draw(2) === 0;
      const ended = stopped ? "cancelled" : outcome;
      applyJobEvent(
        this.farm,
        run,
        job,
        { type: "finish", outcome: ended, nowMs: this.nowMs },
        this.#context(),
        effects,
      );
      if (job.life.state.name === "finished" && before.unhealthy !== "" && job.pool.host) {
        expect(job.life.state.outcome).not.toBe("passed");
      }
    });
  }

  /** An agent is not heard of any more, and its leases run out. */
  #lose(): void {
    const agent = this.#agent();
    this.#decide((effects) => {
      agent.presence = "offline";
      this.farm.agentsRevision += 1;
      for (const { key, agentId } of [...this.farm.attempts.values()]) {
        if (agentId !== agent.row.agentId) continue;
        const { run, job } = findJob(this.farm, key);
        applyJobEvent(this.farm, run, job, { type: "lose", nowMs: this.nowMs }, this.#context(), effects);
      }
    });
  }

  #comeBack(): void {
    const agent = this.#agent();
    this.#decide(() => {
      agent.presence = "online";
      this.farm.agentsRevision += 1;
    });
  }

  #resume(): void {
    const agent = this.#agent();
    if (agent.row.ephemeral) return;
    this.#decide((effects) => setMode(this.farm, agent, { name: "active", reason: "" }, this.nowMs, effects));
  }

  #health(): void {
    const draw = this.#draw;
    const agent = this.#agent();
    const device = pick(["", ...agent.row.inventory.gpus.map(({ uuid }) => uuid)], draw) ?? "";
    const status = pick(["ok", "ok", "failed", "warning"] as const, draw) ?? "ok";
    const attempt = draw(2) === 0 ? (this.#speaker()?.key ?? null) : null;
    const checks = [{ name: "kernel", device, status, detail: "" }];
    const report: HealthReport = { moment: "after-job", attempt, atMs: this.nowMs, checks };
    this.#decide((effects) => takeHealthReport(this.farm, agent, report, this.nowMs, effects));
  }

  #maintain(): void {
    const fromMs = this.nowMs + this.#draw(60) * 60_000;
    const window = { fromMs, toMs: fromMs + 600_000, weekly: this.#draw(2) === 0, aheadMs: 600_000, reason: "" };
    this.#decide((effects) => void addWindow(this.farm, this.#agent(), window, this.nowMs, effects));
  }

  #pass(ms: number): void {
    this.nowMs += ms;
    this.#decide((effects) => void refreshModes(this.farm, this.nowMs, effects));
  }

  #cancel(): void {
    const run = pick([...this.farm.runs.values()], this.#draw);
    if (!run) return;
    this.#decide((effects) => {
      noteRunCancelling(this.farm, run, effects);
      for (const job of run.jobs.toReversed()) {
        applyJobEvent(this.farm, run, job, { type: "cancel" }, this.#context(), effects);
      }
    });
  }

  /** A person retries a job of a run that goes on; its budget is new. */
  #retry(): void {
    const run = pick([...this.farm.runs.values()], this.#draw);
    this.#decide((effects) => {
      for (const job of run?.jobs ?? []) {
        const { state } = job.life;
        if (!run || state.name !== "finished" || state.outcome === "passed") continue;
        const missing = job.needs.filter((index) => !hasPassed(run.jobs[index]?.life.state)).length;
        applyJobEvent(this.farm, run, job, { type: "retry", missing, nowMs: this.nowMs }, this.#context(), effects);
        this.#askedAt.set(`${run.row.run}/${job.index}`, job.life.attempts);
      }
    });
  }

  /** The coordinator is killed; another builds the farm from the store. */
  #restart(): void {
    const options = { nowMs: this.nowMs, leaseTtlMs: LEASE_TTL_MS, limits: LIMITS };
    const before = memoryOf(this.farm);
    this.farm = rebuildFarm(this.store.active(), () => PLAN, options);
    expect(memoryOf(this.farm)).toEqual(before);
    this.#decide(() => {
      for (const agent of this.farm.agents.values()) if (this.#draw(4) > 0) agent.presence = "online";
      this.farm.agentsRevision += 1;
    });
  }

  #agent(): LiveAgent {
    const agent = pick([...this.farm.agents.values()], this.#draw);
    if (!agent) throw new Error("a farm has agents");
    return agent;
  }

  #context() {
    return { nowMs: this.nowMs, leaseTtlMs: LEASE_TTL_MS, summary: "" };
  }

  /** In place of the coordinator's judge, which looks at more than jobs. */
  #judge(effects: Effects): void {
    for (const number of effects.completedRuns) {
      const run = this.farm.runs.get(number);
      if (run?.unfinished === 0) finishRun(this.farm, run, { verdict: "pass", reason: "" }, this.nowMs, effects);
    }
  }

  /** As the engine does: decide, fill free slots, commit. */
  #decide(decision: (effects: Effects) => void): void {
    const effects = newEffects();
    decision(effects);
    assignReady(this.farm, this.#context(), effects, schedule, (assignment) => this.#checkAssignment(assignment));
    this.#judge(effects);
    this.store.perform(effects.ops);
    for (const key of effects.assign) {
      const attempt = findAttempt(this.farm, key);
      if (attempt) this.#given.push(attempt);
    }
  }

  #checkAssignment({ run, job, agent, gpus }: Assignment): void {
    const { host } = agent;
    if (agent.presence !== "online" || modeAt(agent.standing, this.nowMs).name === "paused")
      fail("to an agent that is not to have it");
    // One that takes one job drains by that alone.
    if (modeAt(agent.standing, this.nowMs).name === "draining" && !agent.row.ephemeral) fail("to a draining agent");
    if (agent.standing.health.name === "quarantined") fail("to a quarantined agent");
    if (gpus.length !== job.pool.gpus) fail("without its GPUs");
    for (const uuid of gpus) if (deviceHealth(agent, uuid).name === "quarantined") fail("with a quarantined GPU");
    if (job.pool.host && host.busy !== 1) fail("beside others, though it needs the machine");
    if (agent.fits(job.pool) === null) fail("to an agent that lacks something");
    if (run.active > Math.min(LIMITS.runJobsMax, run.maxParallel)) fail("beyond its run's limit");
    const { lost, spoilt } = this.#losses(run.row.run, job);
    if (lost > RETRIES) fail("beyond its budget of retries");
    if (spoilt > REPLAYS_MAX) fail("beyond its budget of replays");
    function fail(why: string): never {
      throw new Error(`r${run.row.run} ${job.name} was given to ${agent.row.agentId} ${why}`);
    }
  }

  /** What a job has lost since a person last asked for it, from the store's records alone. */
  #losses(run: number, { index, life }: LiveJob): { readonly lost: number; readonly spoilt: number } {
    let [lost, spoilt] = [0, 0];
    const from = this.#askedAt.get(`${run}/${index}`) ?? 0;
    for (let attempt = from + 1; attempt < life.attempts; attempt += 1) {
      const row = this.store.attempts.get(attemptId({ run, job: index, attempt }));
      if (row?.outcome !== "infrastructure" && row?.outcome !== "agent-lost") continue;
      if (row.unhealthy === "") lost += 1;
      else spoilt += 1;
    }
    return { lost, spoilt };
  }

  /** Throws when a running total is wrong. */
  check(): void {
    checkTotals(this.farm, LIMITS);
  }
}

function liveHostLike(agent: LiveAgent): LiveAgent["host"] {
  return { ...agent.host, busy: 0, exclusive: null, held: new Map(), health: new Map(), reserved: null };
}

function hasPassed(state: { readonly name: string; readonly outcome?: Outcome } | undefined): boolean {
  return state?.name === "finished" && state.outcome === "passed";
}

function pick<T>(list: readonly T[], draw: Draw): T {
  return list[draw(Math.max(1, list.length))] as T;
}
