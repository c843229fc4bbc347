import type {
  AgentDetail,
  AgentView,
  AttemptView,
  CellView,
  JobSummary,
  JobView,
  ProjectView,
  RunEvent,
  RunSummary,
  RunView,
} from "@kiln/proto";
import type { Plan, PlannedJob } from "@kiln/matrix";
import { explainWait, type ExpectedEnd } from "../domain/explain-wait.ts";
import { farmPythons } from "../domain/farm-pythons.ts";
import type { AttemptKey } from "../domain/attempt-key.ts";
import type { FarmState } from "../domain/farm-state.ts";
import { isLive } from "../domain/job-state.ts";
import { avoiding, poolOf, type LiveRun } from "../domain/live-job.ts";
import type { AttemptRow, CandidateRow, JobRow, RunRow } from "../domain/rows.ts";
import { bytesGone } from "../domain/retention.ts";
import { formatRunId } from "../domain/run-id.ts";
import { countJobs, NO_JOBS } from "../domain/run-counts.ts";
import { systemClock } from "../ports/clock.ts";
import type { Store } from "../ports/store.ts";
import { findAgent } from "./agent-commands.ts";
import { agentView, healthReportView } from "./agent-views.ts";
import type { AttemptLogInfo, RunQueries } from "./api.ts";
import { failingCells } from "./failing-cells.ts";
import type { PlanCache } from "./plan-cache.ts";

/** Projects whose pace is looked up to say when something is free. */
const PROJECTS_ASKED_MAX = 20;

/** Reads what is committed and words it for people and scripts. */
export class FarmRunQueries implements RunQueries {
  readonly #store: Store;
  readonly #plans: PlanCache;
  /** For what only memory knows: who is online, and why a job waits. */
  readonly #farm: FarmState;

  readonly #nowMs: () => number;

  constructor(store: Store, plans: PlanCache, farm: FarmState, nowMs: () => number = systemClock.nowMs) {
    this.#nowMs = nowMs;
    this.#store = store;
    this.#plans = plans;
    this.#farm = farm;
  }

  async runs(limit: number, before: number | null): Promise<readonly RunSummary[]> {
    const rows = await this.#store.runs(limit, before);
    return this.#summaries(rows);
  }

  async run(run: number): Promise<RunView | null> {
    const changes = await this.#store.changesAfter(run, 0);
    if (!changes) return null;
    const row = changes.run;
    const jobs = changes.jobs.toSorted((a, b) => a.job - b.job);
    const plan = await this.#plans.get(run);
    const [summary] = await this.#summaries([row]);
    if (!summary) throw new Error(`r${run} has no summary`);
    return {
      ...summary,
      source: row.source,
      cells: plan.cells.map((cell) => ({
        ...cellView(cell),
        touchstone: cell.touchstone,
        unknown: cell.unknown.map((reason) => ({ ...reason })),
        overridden: cell.overridden.map((reason) => ({ ...reason })),
      })),
      excluded: plan.excluded.map(({ rule, reason, source, asOf, ...cell }) => ({
        ...cellView(cell),
        rule,
        reason,
        source,
        asOf,
      })),
      reduced: plan.reduced.map(({ coveredBy, ...cell }) => ({ ...cellView(cell), coveredBy })),
      jobs: jobs.map((job) => this.#jobSummary(plan, job)),
      lastEventId: jobs.reduce((last, job) => Math.max(last, job.changedId), row.changedId),
      expectedMs: await this.#expectedMs(row, jobs),
    };
  }

  async job(run: number, jobName: string): Promise<JobView | null> {
    const found = await this.#findJob(run, jobName);
    if (!found) return null;
    const { row } = found;
    const [attempts, taken, reproduced] = await Promise.all([
      this.#store.attempts(run, row.job),
      row.reusedFrom && this.#store.attempt(row.reusedFrom),
      this.#reproduced(found.plan, row),
    ]);
    return {
      run: formatRunId(run),
      ...this.#jobSummary(found.plan, found.row),
      history: attempts.map((attempt) => this.#attemptView(attempt)),
      reusedAttempt: taken && this.#attemptView(taken),
      why: await this.#why(found.plan, row),
      reproduced,
    };
  }

  /** Whether a build made the same bytes as the newest earlier one of its content key. */
  async #reproduced(plan: Plan, row: JobRow): Promise<JobView["reproduced"]> {
    const key = plan.jobs[row.job]?.key;
    if (row.kind !== "build" || row.outcome !== "passed" || row.reusedFrom || key === undefined) return null;
    const [made, of] = await Promise.all([
      this.#store.attempt({ run: row.run, job: row.job, attempt: row.attempts }),
      this.#store.run(row.run),
    ]);
    const wheel = made?.artifacts.find(({ role }) => role === "wheel")?.blob;
    if (!wheel || !of) return null;
    const [earlier] = await this.#store.passedBuilds(of.candidate.name, [key], row.run);
    if (!earlier) return null;
    const { from } = earlier;
    return { run: formatRunId(from.run), job: from.name, same: earlier.wheel.sha256 === wheel.sha256 };
  }

  async attemptLog(run: number, jobName: string, attempt: number | null): Promise<AttemptLogInfo | null> {
    const found = await this.#findJob(run, jobName);
    if (!found) return null;
    const { reusedFrom } = found.row;
    if (reusedFrom) {
      // What was taken has one log: that of the attempt it was taken from.
      const taken = attempt === null || attempt === reusedFrom.attempt ? await this.#store.attempt(reusedFrom) : null;
      if (!taken) return null;
      const key = { run: reusedFrom.run, job: reusedFrom.job, attempt: reusedFrom.attempt };
      return this.#logInfo(key, taken, (await this.#store.run(key.run))?.expired ?? null);
    }
    const number = attempt ?? found.row.attempts;
    const row = number > 0 ? await this.#store.attempt({ run, job: found.row.job, attempt: number }) : null;
    if (!row) return null;
    const key = { run, job: found.row.job, attempt: number };
    return this.#logInfo(key, row, found.expired);
  }

  #logInfo(key: AttemptKey, { state, logBytes, finishedAtMs }: AttemptRow, expired: RunRow["expired"]): AttemptLogInfo {
    const isGivenUp = expired !== null && (finishedAtMs ?? Infinity) <= expired.atMs;
    return { key, finished: state === "finished", logBytes, expired: isGivenUp ? expired : null };
  }

  async agents(): Promise<readonly AgentView[]> {
    return [...this.#farm.agents.values()].map((agent) => agentView(this.#farm, agent));
  }

  async agent(idOrName: string): Promise<AgentDetail | null> {
    const found = findAgent(this.#farm, idOrName);
    if (!found.ok) return null;
    const reports = await this.#store.healthReports(found.agent.row.agentId);
    return { ...agentView(this.#farm, found.agent), reports: reports.map(healthReportView) };
  }

  async project(name: string): Promise<ProjectView> {
    const [durationsMs, failing] = await Promise.all([
      this.#store.meanDurationsMs(name),
      failingCells(this.#store, this.#plans, name),
    ]);
    return { durationsMs, failingCells: [...failing] };
  }

  async farmPythons(): Promise<readonly { readonly platform: string; readonly feature: string }[]> {
    return farmPythons(this.#farm);
  }

  async eventsAfter(run: number, eventId: number): Promise<readonly RunEvent[]> {
    const changes = await this.#store.changesAfter(run, eventId);
    if (!changes) return [];
    const { run: row, jobs } = changes;
    const plan = await this.#plans.get(run);
    const events: RunEvent[] = jobs.map((job) => ({
      type: "job",
      id: job.changedId,
      atMs: job.finishedAtMs ?? job.startedAtMs ?? job.readyAtMs ?? row.submittedAtMs,
      job: this.#jobSummary(plan, job),
    }));
    if (row.changedId > eventId) {
      const [summary] = await this.#summaries([row]);
      const atMs = row.finishedAtMs ?? row.startedAtMs ?? row.submittedAtMs;
      if (summary) events.push({ type: "run", id: row.changedId, atMs, run: summary });
    }
    return events.toSorted((a, b) => a.id - b.id);
  }

  async #findJob(
    run: number,
    jobName: string,
  ): Promise<{ plan: Plan; row: JobRow; expired: RunRow["expired"] } | null> {
    const { expired } = (await this.#store.run(run)) ?? {};
    if (expired === undefined) return null;
    const plan = await this.#plans.get(run);
    const index = plan.jobs.findIndex((job) => job.name === jobName);
    const row = await this.#store.job(run, index);
    return row ? { plan, row, expired } : null;
  }

  async #summaries(rows: readonly RunRow[]): Promise<readonly RunSummary[]> {
    const counts = countJobs(await this.#store.jobCounts(rows.map((row) => row.run)));
    return rows.map((row) => ({
      run: formatRunId(row.run),
      candidate: candidateView(row.candidate),
      state: row.state,
      verdict: row.verdict,
      reason: row.reason,
      counts: counts.get(row.run) ?? NO_JOBS,
      priority: row.priority,
      submittedAtMs: row.submittedAtMs,
      startedAtMs: row.startedAtMs,
      finishedAtMs: row.finishedAtMs,
      pinned: row.pinnedAtMs !== null,
      selfComparisonOf: row.selfComparisonOf === null ? null : formatRunId(row.selfComparisonOf),
      bytesGone: bytesGone(row),
    }));
  }

  #jobSummary(plan: Plan, row: JobRow): JobSummary {
    const planned = plan.jobs[row.job];
    if (!planned) throw new Error(`the plan of r${row.run} has no job ${row.job}`);
    return {
      name: planned.name,
      kind: row.kind,
      cell: planned.cell,
      needs: [...planned.needs],
      state: row.state,
      outcome: row.outcome,
      summary: this.#sentence(planned, row),
      attempts: row.attempts,
      agentName: row.agentId === null ? null : this.#agentName(row.agentId),
      pythonVersion: row.pythonVersion,
      startedAtMs: row.startedAtMs,
      finishedAtMs: row.finishedAtMs,
      reusedFrom: reusedFromView(row.reusedFrom),
      tests: row.tests === null ? null : { ...row.tests },
    };
  }

  #sentence(planned: PlannedJob, row: JobRow): string {
    if (row.state === "blocked") return `waits for ${planned.needs.join(", ")}`;
    if (row.state !== "ready") return row.summary;
    const live = this.#farm.runs.get(row.run);
    const pool = avoiding(poolOf(planned.requirement), row.avoid);
    const wait = explainWait(this.#farm, live ?? null, pool);
    return row.summary ? `${row.summary}; tried again: ${wait}` : wait;
  }

  /** One sentence on why it is not running. */
  async #why(plan: Plan, row: JobRow): Promise<string> {
    const planned = plan.jobs[row.job];
    if (!planned) throw new Error(`the plan of r${row.run} has no job ${row.job}`);
    const live = this.#farm.runs.get(row.run);
    switch (row.state) {
      case "blocked":
        return this.#whyBlocked(planned, live ?? null);
      case "ready": {
        const detail = { nowMs: this.#nowMs(), expectedEndMs: await this.#expectedEnds() };
        const wait = explainWait(this.#farm, live ?? null, avoiding(poolOf(planned.requirement), row.avoid), detail);
        return row.summary ? `${row.summary}; tried again: ${wait}` : wait;
      }
      case "assigned":
        return `it was given to ${this.#agentName(row.agentId ?? "")}, which has not begun yet`;
      case "running":
        return `it is running on ${this.#agentName(row.agentId ?? "")}`;
      case "cancelling":
        return `it is being stopped on ${this.#agentName(row.agentId ?? "")}`;
      case "finished":
        return row.summary ? `it ended as ${row.outcome}: ${row.summary}` : `it ended as ${row.outcome}`;
    }
  }

  #whyBlocked(planned: PlannedJob, live: LiveRun | null): string {
    const needs = planned.needs.flatMap((name) => {
      const need = live?.jobs.find((job) => job.name === name);
      const state = need?.life.state;
      if (!need || !state || (state.name === "finished" && state.outcome === "passed")) return [];
      if (isLive(state)) return `${name}, which ${this.#agentName(state.agentId)} has`;
      const why = state.name === "ready" ? explainWait(this.#farm, live, need.pool) : `is ${state.name}`;
      return `${name}, which ${why}`;
    });
    return `it waits for ${needs.join(" and for ")}`;
  }

  /** By the pace of earlier runs of each project that has something running. */
  async #expectedEnds(): Promise<ExpectedEnd> {
    const projects = new Set(
      [...this.#farm.runs.values()].filter(({ active }) => active > 0).map(({ row }) => row.candidate.name),
    );
    const means = new Map<string, Readonly<Partial<Record<JobRow["kind"], number>>>>();
    for (const name of [...projects].slice(0, PROJECTS_ASKED_MAX))
      means.set(name, await this.#store.meanDurationsMs(name));
    return ({ key, assignedAtMs }) => {
      const run = this.#farm.runs.get(key.run);
      const job = run?.jobs[key.job];
      const meanMs = run && job && means.get(run.row.candidate.name)?.[job.kind];
      return meanMs === undefined ? null : (job?.startedAtMs ?? assignedAtMs) + meanMs;
    };
  }

  #attemptView(row: AttemptRow): AttemptView {
    const { run: _run, job: _job, ackedSeq: _ackedSeq, devices, ...attempt } = row;
    return {
      ...attempt,
      devices: { gpus: [...devices.gpus], exclusive: devices.exclusive },
      agentName: this.#agentName(row.agentId),
      steps: row.steps.map((step) => ({ ...step })),
      artifacts: row.artifacts.map((artifact) => ({ ...artifact })),
      reports: [...row.reports],
    };
  }

  #agentName(agentId: string): string {
    return this.#farm.agents.get(agentId)?.row.name ?? agentId;
  }

  /** What is left, at the pace of earlier runs of this project, on the slots that are online. */
  async #expectedMs(row: RunRow, jobs: readonly JobRow[]): Promise<number | null> {
    if (row.state === "finished") return null;
    const means = await this.#store.meanDurationsMs(row.candidate.name);
    let leftMs = 0;
    for (const job of jobs) {
      if (job.state === "finished") continue;
      const meanMs = means[job.kind];
      if (meanMs === undefined) return null;
      leftMs += meanMs;
    }
    const slots = [...this.#farm.agents.values()].reduce(
      (sum, agent) => sum + (agent.presence === "online" ? agent.row.slots : 0),
      0,
    );
    return slots === 0 ? null : Math.round(leftMs / slots);
  }
}

function reusedFromView(from: JobRow["reusedFrom"]): JobSummary["reusedFrom"] {
  return from && { run: formatRunId(from.run), job: from.name, attempt: from.attempt };
}

function candidateView(row: CandidateRow): RunSummary["candidate"] {
  return { ...row, requiresDist: row.requiresDist === null ? null : [...row.requiresDist] };
}

function cellView(cell: { readonly name: string; readonly axes: Readonly<Record<string, string>> }): CellView {
  return { cell: cell.name, axes: { ...cell.axes } };
}
