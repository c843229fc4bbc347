import type { ComparePolicy } from "@kiln/gate";
import { compareVersions, type BaselineSpec, type Plan, type PlannedBench, type PlannedProfile } from "@kiln/matrix";
import type { BaselineWheel, MeasureTask } from "../domain/job-work.ts";
import { attemptsMeasured } from "../domain/measure/measured-attempts.ts";
import type { Blob, RunRow } from "../domain/rows.ts";
import type { BlobStore } from "../ports/blob-store.ts";
import type { Store } from "../ports/store.ts";
import type { PlanCache } from "./plan-cache.ts";

/** Runs that are looked through for a release to compare with. */
const RUNS_MAX = 500;
/** Runs of that release whose wheel is looked for. */
const TRIES_MAX = 20;

/** Finds out what an attempt at a bench or profile job has to do: beside which wheel, and how often. */
export class MeasureTasks {
  readonly #store: Store;
  readonly #plans: PlanCache;
  readonly #blobs: BlobStore;
  readonly #policy: ComparePolicy;

  constructor(parts: {
    readonly store: Store;
    readonly plans: PlanCache;
    readonly blobs: BlobStore;
    readonly policy: ComparePolicy;
  }) {
    this.#store = parts.store;
    this.#plans = parts.plans;
    this.#blobs = parts.blobs;
    this.#policy = parts.policy;
  }

  async of(run: RunRow, job: PlannedBench | PlannedProfile, index: number): Promise<MeasureTask> {
    const baseline = await this.#baseline(run, job, await this.#wanted(run, job));
    const { screenPairs, confirmPairs, retriesMax: pairsAgainMax, clockShareMin, foreignCpuMax } = this.#policy;
    const limits = { pairsAgainMax, clockShareMin, foreignCpuMax };
    if (job.kind === "profile") return { baseline, pairs: 1, limits };
    const measured = attemptsMeasured(await this.#store.attempts(run.run, index));
    // What was measured once and comes again is to be confirmed.
    return { baseline, pairs: measured.length === 0 ? screenPairs : confirmPairs, limits };
  }

  /** A profile explains the benchmarks of its cell, so it is of what they are compared with. */
  async #wanted(run: RunRow, job: PlannedBench | PlannedProfile): Promise<BaselineSpec> {
    if (job.kind === "bench") return job.baseline;
    const plan = await this.#plans.get(run.run);
    const bench = plan.jobs.find((one) => one.kind === "bench" && one.cell === job.cell);
    return bench?.kind === "bench" && bench.baseline.kind !== "none" ? bench.baseline : { kind: "last-release" };
  }

  async #baseline(
    run: RunRow,
    job: PlannedBench | PlannedProfile,
    wanted: BaselineSpec,
  ): Promise<BaselineWheel | null> {
    if (wanted.kind === "none") return null;
    const passed = await this.#store.passedRuns(run.candidate.name, RUNS_MAX, run.run);
    const releases = passed.filter(({ candidate: { version } }) => isWanted(version, run.candidate.version, wanted));
    // The sort is stable: of one version the newest run comes first.
    const inOrder = releases.toSorted((a, b) => compareVersions(b.candidate.version ?? "", a.candidate.version ?? ""));
    for (const release of inOrder.slice(0, TRIES_MAX)) {
      const wheel = await this.#wheelIn(release, job);
      if (wheel) return { version: release.candidate.version ?? "", wheel };
    }
    return null;
  }

  /** The wheel that was tested in the cell of that name; null when there was none, or its bytes are gone. */
  async #wheelIn({ run }: RunRow, { cell }: PlannedBench | PlannedProfile): Promise<Blob | null> {
    const plan = await this.#plans.get(run);
    const at = buildOf(plan, cell);
    const row = at === -1 ? null : await this.#store.job(run, at);
    if (!row) return null;
    const attempt = await this.#store.attempt(row.reusedFrom ?? { run, job: at, attempt: row.attempts });
    const wheel = attempt?.artifacts.find(({ role }) => role === "wheel")?.blob ?? null;
    return wheel && (await this.#blobs.size(wheel.sha256)) === wheel.sizeBytes ? wheel : null;
  }
}

function isWanted(version: string | null, candidate: string | null, wanted: BaselineSpec): boolean {
  if (version === null) return false;
  if (wanted.kind === "version") return compareVersions(version, wanted.version) === 0;
  return candidate !== null && compareVersions(version, candidate) < 0;
}

/** Position of the build whose wheel the cell's test had; -1 without such a cell. */
function buildOf(plan: Plan, cell: string): number {
  const test = plan.jobs.find((job) => job.kind === "test" && job.cell === cell);
  return test?.kind === "test" ? plan.jobs.findIndex(({ name }) => name === test.wheelOf) : -1;
}
