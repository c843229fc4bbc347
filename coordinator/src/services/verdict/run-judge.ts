import {
  findGates,
  gatesOf,
  judgeAgain,
  NO_POLICY,
  type ComparePolicy,
  type GateFacts,
  type GatePolicy,
  type Judged,
  type Waiver,
} from "@kiln/gate";
import type { Plan } from "@kiln/matrix";
import type { Logger } from "pino";
import { applyJobEvent } from "../../domain/apply-job-event.ts";
import type { FarmState } from "../../domain/farm-state.ts";
import type { LiveJob, LiveRun } from "../../domain/live-job.ts";
import { finishRun } from "../../domain/run-state.ts";
import { approvalFacts, givenWaiver } from "../../domain/verdict/decision.ts";
import {
  boundedResult,
  comparedBenchmark,
  COMPARISONS_MAX,
  FILES_MAX,
  type JudgedRun,
} from "../../domain/verdict/judged-run.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Store } from "../../ports/store.ts";
import type { VerdictStore } from "../../ports/verdict-store.ts";
import type { ChangeHub } from "../change-hub.ts";
import type { FarmEngine } from "../farm-engine.ts";
import type { PlanCache } from "../plan-cache.ts";
import type { FactCollector } from "./fact-collector.ts";
import type { Measurements } from "./measurement-facts.ts";
import { judgeSelfComparison } from "./self-comparison-judge.ts";

/** Runs that are judged at once; others wait. */
const JUDGED_AT_ONCE = 2;
/** After the farm's own store could not be read. */
const RETRY_MS = 5_000;

/**
 * Judges runs whose jobs have all ended, and ends them with their verdict. It is
 * a level, not an edge: after a restart every such run is judged again, and a
 * run that was retried meanwhile is judged when it has ended anew.
 */
export class RunJudge {
  readonly #engine: FarmEngine;
  readonly #store: Store;
  readonly #verdicts: VerdictStore;
  readonly #plans: PlanCache;
  readonly #measurements: Measurements;
  readonly #facts: FactCollector;
  readonly #compare: ComparePolicy;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #waiting = new Set<number>();
  readonly #running = new Map<number, Promise<void>>();
  readonly #stopping = new AbortController();

  constructor(parts: {
    readonly engine: FarmEngine;
    readonly store: Store;
    readonly verdicts: VerdictStore;
    readonly plans: PlanCache;
    readonly hub: ChangeHub;
    readonly measurements: Measurements;
    readonly facts: FactCollector;
    readonly compare: ComparePolicy;
    readonly clock: Clock;
    readonly log: Logger;
  }) {
    this.#engine = parts.engine;
    this.#store = parts.store;
    this.#verdicts = parts.verdicts;
    this.#plans = parts.plans;
    this.#measurements = parts.measurements;
    this.#facts = parts.facts;
    this.#compare = parts.compare;
    this.#clock = parts.clock;
    this.#log = parts.log;
    parts.hub.onCompleted((run) => this.#ask(run));
  }

  /** Takes up what a coordinator before this one left. */
  start(): void {
    for (const [run, { unfinished }] of this.#engine.farm.runs) if (unfinished === 0) this.#ask(run);
  }

  /** Resolves when no run is waiting for its verdict. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running.values());
  }

  async stop(): Promise<void> {
    this.#waiting.clear();
    this.#stopping.abort();
    await this.idle();
  }

  #ask(run: number): void {
    if (this.#stopping.signal.aborted) return;
    this.#waiting.add(run);
    this.#next();
  }

  #next(): void {
    for (const run of this.#waiting) {
      if (this.#running.size >= JUDGED_AT_ONCE) return;
      // Its next judgement comes after this one.
      if (this.#running.has(run)) continue;
      this.#waiting.delete(run);
      const judging = this.#judgeUntilDone(run).finally(() => {
        this.#running.delete(run);
        this.#next();
      });
      this.#running.set(run, judging);
    }
  }

  async #judgeUntilDone(run: number): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      try {
        return await this.#judge(run);
      } catch (cause) {
        if (this.#stopping.signal.aborted) return;
        this.#log.error({ run, err: cause }, "a run could not be judged; it is tried again");
        await this.#pause();
      }
    }
  }

  async #pause(): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, RETRY_MS);
      this.#stopping.signal.addEventListener("abort", () => (clearTimeout(timer), resolve()), { once: true });
    });
  }

  /** Measures again, once, what a first look flagged or could not tell. Whether anything is measured again. */
  async #confirm(live: LiveRun, toConfirm: readonly number[]): Promise<boolean> {
    const { completedId } = live;
    const once: LiveJob[] = [];
    for (const index of toConfirm) {
      const attempts = await this.#store.attempts(live.row.run, index);
      const job = live.jobs[index];
      // Counted by what is stored, so that no crash and no unreadable report makes it a loop.
      if (job && attempts.filter(({ outcome }) => outcome === "passed").length === 1) once.push(job);
    }
    if (once.length === 0 || live.row.state === "cancelling") return false;
    return this.#engine.act((farm, effects, nowMs) => {
      if (!isStill(farm, live, completedId)) return true;
      const summary = "measured again, to confirm what a first look found";
      const context = { nowMs, leaseTtlMs: this.#engine.leaseTtlMs, summary };
      for (const job of once) applyJobEvent(farm, live, job, { type: "retry", missing: 0, nowMs }, context, effects);
      return true;
    });
  }

  /** What a run of a release against itself found tells of the gate, and of no release. */
  async #judgeSelf(live: LiveRun, plan: Plan, of: number): Promise<void> {
    const { run } = live.row;
    const { completedId } = live;
    const { facts, toConfirm, machines } = await this.#measurements.collect(run, plan, this.#stopping.signal);
    if (await this.#confirm(live, toConfirm)) return;
    const { found, reason } = judgeSelfComparison(of, facts.comparisons ?? [], machines);
    await this.#engine.act((farm, effects, nowMs) => {
      if (!isStill(farm, live, completedId)) return;
      effects.ops.push({ op: "put-self-comparisons", run, found });
      finishRun(farm, live, { verdict: "inconclusive", reason }, nowMs, effects);
    });
  }

  async #judge(run: number): Promise<void> {
    const live = this.#engine.farm.runs.get(run);
    if (!live || live.unfinished > 0) return;
    const { completedId } = live;
    // What was decided is read from the store, so it has to be there.
    await this.#engine.settled();
    const policy = (await this.#verdicts.policy(run)) ?? NO_POLICY;
    const plan = await this.#plans.get(run);
    const { selfComparisonOf: of } = live.row;
    if (of !== null) return this.#judgeSelf(live, plan, of);
    const { facts, toConfirm, machines } = await this.#facts.collect(live.row, plan, policy, this.#stopping.signal);
    // Its second look ends the run anew, and then it is judged.
    if (await this.#confirm(live, toConfirm)) return;
    const gates = gatesOf(policy, facts);
    const approvals = approvalFacts(await this.#verdicts.approvals(run));
    const axesOf = new Map(plan.cells.map(({ name, axes }) => [name, axes]));
    const comparisons = facts.comparisons ?? [];
    const compared = (one: Judged) => {
      const [axes, machine] = [axesOf.get(one.comparison.cell), machines.get(one.comparison.cell)];
      return comparedBenchmark(one, this.#compare, { ...(axes && { axes }), ...(machine && { machine }) });
    };
    const found = judgedRun({ ...facts, approvals }, gates, policy.waivers, this.#clock.nowMs());
    const judged = {
      ...found,
      comparisons: comparisons.slice(0, COMPARISONS_MAX).map(compared),
      comparisonsOmitted: Math.max(0, comparisons.length - COMPARISONS_MAX),
    };
    const waivers = [...policy.waivers, ...(await this.#verdicts.waivers(run)).map(givenWaiver)];
    await this.#engine.act((farm, effects, nowMs) => {
      // Somebody tries it again: it will be judged when it has ended.
      if (!isStill(farm, live, completedId)) return;
      const { candidate } = judged;
      const decisions = { ...(candidate ? { candidate } : {}), nowMs, approvals };
      const judgement = judgeAgain(judged.found, decisions, gates, waivers);
      effects.ops.push({ op: "put-verdict", run, judged });
      finishRun(farm, live, judgement, nowMs, effects);
    });
  }
}

/** Whether nothing has happened to the run since its jobs had ended. */
function isStill(farm: FarmState, live: LiveRun, completedId: number): boolean {
  return farm.runs.get(live.row.run) === live && live.unfinished === 0 && live.completedId === completedId;
}

function judgedRun(
  facts: GateFacts,
  gates: GatePolicy,
  waivers: readonly Waiver[],
  nowMs: number,
): Omit<JudgedRun, "comparisons" | "comparisonsOmitted"> {
  const { artifacts: files = [], candidate = null } = facts;
  return {
    judgedAtMs: nowMs,
    candidate,
    files: files.slice(0, FILES_MAX),
    filesOmitted: Math.max(0, files.length - FILES_MAX),
    approval: gates.M01 ?? null,
    waivers,
    found: findGates(facts, gates).map(boundedResult),
  };
}
