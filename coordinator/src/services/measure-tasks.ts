import type { ComparePolicy } from "@kiln/gate";
import { compareVersions, type BaselineSpec, type Plan, type PlannedBench, type PlannedProfile } from "@kiln/matrix";
import type { MeasureReport } from "@kiln/proto";
import type { BaselineTask, MeasureTask } from "../domain/job-work.ts";
import { attemptsMeasured } from "../domain/measure/measured-attempts.ts";
import { parseDistribution } from "../domain/staging/distribution-name.ts";
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
    const { screenPairs, confirmPairs, retriesMax: pairsAgainMax, clockShareMin, foreignCpuMax } = this.#policy;
    const limits = { pairsAgainMax, clockShareMin, foreignCpuMax };
    const bench = job.kind === "bench" ? { job, index } : await this.#explained(run, job);
    const [before] = bench ? attemptsMeasured(await this.#store.attempts(run.run, bench.index)) : [];
    // What was measured once and comes again is to be confirmed, and profiled, beside the very same file.
    const again = before && (await this.#again(before.report));
    const wanted: PlannedBench["baseline"] = bench?.job.baseline ?? { kind: "last-release" };
    const baseline = again === undefined ? await this.#baseline(run, job, wanted) : again;
    if (job.kind === "profile") return { baseline, pairs: 1, limits };
    return { baseline, pairs: before ? confirmPairs : screenPairs, limits };
  }

  /** A profile explains the benchmarks of its cell, so it is of what they are compared with. */
  async #explained(
    run: RunRow,
    { cell }: PlannedProfile,
  ): Promise<{ readonly job: PlannedBench; readonly index: number } | null> {
    const plan = await this.#plans.get(run.run);
    const index = plan.jobs.findIndex((one) => one.kind === "bench" && one.cell === cell);
    const job = plan.jobs[index];
    return job?.kind === "bench" && job.baseline.kind !== "none" ? { job, index } : null;
  }

  /** What a report says that it was measured beside; null when its bytes are gone, undefined when it names no file. */
  async #again({ baseline, baselineFile }: MeasureReport): Promise<BaselineTask | null | undefined> {
    if (!baselineFile || baseline === null) return undefined;
    const { run, commit, sha256, filename } = baselineFile;
    if (run === null) return { kind: "index", version: baseline, sha256 };
    const sizeBytes = await this.#blobs.size(sha256);
    return sizeBytes === null
      ? null
      : { kind: "wheel", version: baseline, wheel: { sha256, sizeBytes, filename }, run, commit };
  }

  async #baseline(
    run: RunRow,
    job: PlannedBench | PlannedProfile,
    wanted: PlannedBench["baseline"],
  ): Promise<BaselineTask | null> {
    switch (wanted.kind) {
      case "none":
        return null;
      case "itself":
        return this.#itself(run, job);
      case "index":
        return { kind: "index", version: null, sha256: null };
      case "commit":
        return this.#ofCommit(run, job, wanted.commit);
      case "last-release":
        return this.#ofFarm(run, job, wanted);
      case "version":
        return (await this.#ofFarm(run, job, wanted)) ?? { kind: "index", version: wanted.version, sha256: null };
    }
  }

  /** The candidate's own wheel: what is found between the two is chance. */
  async #itself(row: RunRow, { wheelOf }: PlannedBench | PlannedProfile): Promise<BaselineTask | null> {
    const { jobs } = await this.#plans.get(row.run);
    const at = jobs.findIndex(({ name }) => name === wheelOf);
    const wheel = await this.#wheelOfBuild(row.run, at);
    if (!wheel) return null;
    const version = row.candidate.version ?? parseDistribution(wheel.filename)?.version ?? "";
    return { kind: "wheel", version, wheel, run: `r${row.run}`, commit: null };
  }

  async #ofFarm(
    run: RunRow,
    job: PlannedBench | PlannedProfile,
    wanted: BaselineSpec & { readonly kind: "last-release" | "version" },
  ): Promise<BaselineTask | null> {
    const passed = await this.#store.passedRuns(run.candidate.name, RUNS_MAX, run.run);
    const releases = passed.filter(({ candidate: { version } }) => isWanted(version, run.candidate.version, wanted));
    // The sort is stable: of one version the newest run comes first.
    const inOrder = releases.toSorted((a, b) => compareVersions(b.candidate.version ?? "", a.candidate.version ?? ""));
    for (const release of inOrder.slice(0, TRIES_MAX)) {
      const wheel = await this.#wheelIn(release, job);
      if (wheel) {
        const version = release.candidate.version ?? "";
        return { kind: "wheel", version, wheel, run: `r${release.run}`, commit: null };
      }
    }
    return null;
  }

  /** Whatever came of its tests: what is measured is what the commit makes. */
  async #ofCommit(run: RunRow, job: PlannedBench | PlannedProfile, wanted: string): Promise<BaselineTask | null> {
    for (const row of await this.#store.runsOfCommit(run.candidate.name, wanted, TRIES_MAX, run.run)) {
      const wheel = await this.#wheelIn(row, job);
      if (!wheel) continue;
      const version = row.candidate.version ?? parseDistribution(wheel.filename)?.version ?? "";
      const commit = row.candidate.commit ?? wanted;
      return { kind: "wheel", version, wheel, run: `r${row.run}`, commit };
    }
    return null;
  }

  /** The wheel that was built for the cell of that name; null when there was none, or its bytes are gone. */
  async #wheelIn({ run }: RunRow, { cell }: PlannedBench | PlannedProfile): Promise<Blob | null> {
    return this.#wheelOfBuild(run, buildOf(await this.#plans.get(run), cell));
  }

  async #wheelOfBuild(run: number, at: number): Promise<Blob | null> {
    const row = at === -1 ? null : await this.#store.job(run, at);
    if (row?.outcome !== "passed") return null;
    const attempt = await this.#store.attempt(row.reusedFrom ?? { run, job: at, attempt: row.attempts });
    const wheel = attempt?.artifacts.find(({ role }) => role === "wheel")?.blob ?? null;
    return wheel && (await this.#blobs.size(wheel.sha256)) === wheel.sizeBytes ? wheel : null;
  }
}

function isWanted(
  version: string | null,
  candidate: string | null,
  wanted: BaselineSpec & { readonly kind: "last-release" | "version" },
): boolean {
  if (version === null) return false;
  if (wanted.kind === "version") return compareVersions(version, wanted.version) === 0;
  return candidate !== null && compareVersions(version, candidate) < 0;
}

/** Position of the build whose wheel the cell's test had; -1 without such a cell. */
function buildOf(plan: Plan, cell: string): number {
  const test = plan.jobs.find((job) => job.kind === "test" && job.cell === cell);
  return test?.kind === "test" ? plan.jobs.findIndex(({ name }) => name === test.wheelOf) : -1;
}
