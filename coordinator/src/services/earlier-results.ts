import type { Plan } from "@kiln/matrix";
import { chooseResults, type PassedJob } from "../domain/choose-results.ts";
import type { Blob, JobRow, RunRow } from "../domain/rows.ts";
import { formatRunId } from "../domain/run-id.ts";
import { normalName } from "../domain/staging/project-name.ts";
import type { TakenResult } from "../domain/taken-result.ts";
import type { BlobStore } from "../ports/blob-store.ts";
import type { Store } from "../ports/store.ts";
import type { PlanCache } from "./plan-cache.ts";

/** What a submission takes from earlier runs; a number is a run, of which everything that passed is taken. */
export type Reuse = "builds" | "never" | number;

export type FoundResults =
  | { readonly ok: true; readonly results: ReadonlyMap<number, TakenResult> }
  | { readonly ok: false; readonly reason: "cannot-reuse"; readonly detail: string };

/** Looks up what earlier runs of a project have found out about jobs of a new plan. */
export class EarlierResultsFinder {
  readonly #store: Store;
  readonly #plans: PlanCache;
  readonly #blobs: BlobStore;

  constructor(parts: { readonly store: Store; readonly plans: PlanCache; readonly blobs: BlobStore }) {
    this.#store = parts.store;
    this.#plans = parts.plans;
    this.#blobs = parts.blobs;
  }

  /** By position in the plan. A build counts only while its wheel is stored. */
  async find(project: string, plan: Plan, reuse: Reuse): Promise<FoundResults> {
    if (reuse === "never") return { ok: true, results: new Map() };
    const row = reuse === "builds" ? null : await this.#store.run(reuse);
    if (reuse !== "builds") {
      const detail = whyNot(reuse, row, project);
      if (detail !== null) return { ok: false, reason: "cannot-reuse", detail };
    }
    const ofRun = row ? await this.#passedIn(row.run) : new Map<string, PassedJob>();
    const builds = await this.#storedBuilds(project, plan);
    return { ok: true, results: chooseResults(plan, { builds, ofRun }) };
  }

  /** Of every build of the plan the newest that passed and whose wheel is stored, by key. */
  async #storedBuilds(project: string, plan: Plan): Promise<ReadonlyMap<string, PassedJob>> {
    const keys = plan.jobs.flatMap(({ kind, key }) => (kind === "build" ? [key] : []));
    const passed = await this.#store.passedBuilds(project, keys, null);
    const stored = await Promise.all(passed.map(({ wheel }) => this.#isStored(wheel)));
    const builds = new Map<string, PassedJob>();
    for (const [index, build] of passed.entries()) {
      if (stored[index] !== true || builds.has(build.key)) continue;
      builds.set(build.key, { ...build, tests: null, ofWheel: null });
    }
    return builds;
  }

  async #passedIn(run: number): Promise<ReadonlyMap<string, PassedJob>> {
    const [plan, rows] = await Promise.all([this.#plans.get(run), this.#store.jobs(run)]);
    const passed = new Map<string, PassedJob>();
    /** Of the passed builds, by name. */
    const wheels = new Map<string, string>();
    for (const row of rows) {
      const job = plan.jobs[row.job];
      if (!job) throw new Error(`the plan of ${formatRunId(run)} has no job ${row.job}`);
      if (row.outcome !== "passed") continue;
      const from = row.reusedFrom ?? { run, job: row.job, attempt: row.attempts, name: job.name };
      const found = { key: job.key, from, pythonVersion: row.pythonVersion, tests: row.tests };
      if (job.kind === "build") {
        const wheel = await this.#wheelOf(row);
        if (!wheel) continue;
        wheels.set(job.name, wheel.sha256);
        passed.set(job.key, { ...found, wheel, ofWheel: null });
      } else {
        const ofWheel = "wheelOf" in job ? (wheels.get(job.wheelOf) ?? null) : null;
        passed.set(job.key, { ...found, wheel: null, ofWheel });
      }
    }
    return passed;
  }

  /** null when its bytes are gone. */
  async #wheelOf(row: JobRow): Promise<Blob | null> {
    const attempt = await this.#store.attempt(row.reusedFrom ?? { run: row.run, job: row.job, attempt: row.attempts });
    const wheel = attempt?.artifacts.find(({ role }) => role === "wheel")?.blob;
    return wheel && (await this.#isStored(wheel)) ? wheel : null;
  }

  async #isStored({ sha256, sizeBytes }: Blob): Promise<boolean> {
    return (await this.#blobs.size(sha256)) === sizeBytes;
  }
}

/** Why nothing can be taken from a run; null when it can. */
function whyNot(run: number, row: RunRow | null, project: string): string | null {
  const name = formatRunId(run);
  if (!row) return `there is no run ${name} to take results from`;
  if (normalName(row.candidate.name) !== normalName(project))
    return `${name} is of ${row.candidate.name}: results are taken from a run of ${project} only`;
  if (row.state !== "finished") return `${name} is not finished: wait for it, or cancel it, and submit again`;
  return null;
}
