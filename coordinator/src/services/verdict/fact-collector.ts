import type { CandidateFact, FactName, GateFacts, ReleasePolicy } from "@kiln/gate";
import { compareVersions, type Plan } from "@kiln/matrix";
import type { Logger } from "pino";
import type { Blob, RunRow } from "../../domain/rows.ts";
import { normalName } from "../../domain/staging/project-name.ts";
import { JobFactsBuilder, type JobFacts } from "../../domain/verdict/job-facts.ts";
import type { BlobStore } from "../../ports/blob-store.ts";
import type { Clock } from "../../ports/clock.ts";
import type { SourceArchive } from "../../ports/source-archive.ts";
import type { Store } from "../../ports/store.ts";
import type { Upstream } from "../../ports/upstream.ts";
import type { VerdictStore } from "../../ports/verdict-store.ts";
import { candidateDigest, versionOfFiles, type ArtifactFacts } from "./artifact-facts.ts";
import { publishedReleases, type ReleasesFound } from "./index-facts.ts";
import { NOT_GATHERED, type Measurements } from "./measurement-facts.ts";
import { scanFacts } from "./scan-facts.ts";
import { changedKernelSources, sourceFacts } from "./source-facts.ts";

export interface CollectedFacts {
  readonly facts: GateFacts;
  /** Positions of bench jobs that need a second look before anything is judged. */
  readonly toConfirm: readonly number[];
  /** Of the cells with bench jobs, the class of machines that measured them. */
  readonly machines: ReadonlyMap<string, string>;
}

export interface FactParts {
  readonly store: Store;
  readonly verdicts: VerdictStore;
  readonly blobs: BlobStore;
  readonly source: SourceArchive;
  readonly artifacts: ArtifactFacts;
  readonly measurements: Measurements;
  readonly upstream: Upstream;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Jobs whose reports are in memory together. */
const JOBS_PER_PAGE = 200;
const PASSED_RUNS_MAX = 500;

interface Release {
  readonly version: string;
  readonly source: Blob;
}

/** Facts as they are gathered: later ones come beside earlier ones. */
type Gathered = { -readonly [K in keyof GateFacts]: GateFacts[K] } & { absent: Partial<Record<FactName, string>> };

/**
 * Gathers what gates may ask of a run whose jobs have ended. What cannot be had,
 * within `timeoutMs` in all, is absent with its reason, so that its gate is not
 * run; only what the farm itself has lost makes it throw.
 */
export class FactCollector {
  readonly #parts: FactParts;
  readonly #timeoutMs: number;

  constructor(parts: FactParts, timeoutMs: number) {
    this.#parts = parts;
    this.#timeoutMs = timeoutMs;
  }

  async collect(row: RunRow, plan: Plan, policy: ReleasePolicy, stopped: AbortSignal): Promise<CollectedFacts> {
    const signal = AbortSignal.any([stopped, AbortSignal.timeout(this.#timeoutMs)]);
    const { blobs, artifacts, measurements, source, clock } = this.#parts;
    const { sources, gates } = policy;
    const jobs = await this.#jobFacts(row.run, plan, policy, stopped);
    const facts: Gathered = { ...ofJobs(jobs, plan), nowMs: clock.nowMs(), absent: { ...NOT_GATHERED } };
    let toConfirm: readonly number[] = [];
    let machines: ReadonlyMap<string, string> = new Map();
    const gather = async (names: readonly FactName[], look: () => Promise<Partial<GateFacts>>): Promise<void> => {
      try {
        const { absent = {}, sboms = [], ...found } = await look();
        Object.assign(facts, found);
        Object.assign(facts.absent, absent);
        if (names.includes("sboms")) facts.sboms = [...(facts.sboms ?? []), ...sboms];
      } catch (cause) {
        stopped.throwIfAborted();
        const reason = signal.aborted ? `not looked at within ${this.#timeoutMs / 1000} s` : messageOf(cause);
        if (!signal.aborted)
          this.#parts.log.warn({ run: row.run, facts: names, err: cause }, "facts of a run could not be gathered");
        for (const name of names) facts.absent[name] = reason;
      }
    };
    await gather(["contents", "metadata", "sboms"], () => artifacts.collect(jobs, signal));
    if (gates.G01 || gates.G05) {
      await gather(["changelog", "versionPlaces"], () => sourceFacts(source, row.source, sources, signal));
    }
    if (gates.G20 || gates.G21) {
      await gather(["scans", "sboms"], () => scanFacts(blobs, jobs.scanFiles, sources, signal));
    }
    if (gates.G24) {
      await gather(["changedKernelSources"], async () => {
        const before = await this.#releaseBefore(row, plan.candidate.version ?? versionOfFiles(facts.artifacts ?? []));
        return changedKernelSources(source, row.source, before, signal);
      });
    }
    await gather(["comparisons", "measured", "profiles"], async () => {
      const measured = await measurements.collect(row.run, plan, signal);
      ({ toConfirm, machines } = measured);
      // None were wanted, which is for the gate to judge where kernels changed.
      return plan.jobs.some(({ kind }) => kind === "profile") ? measured.facts : { profiles: [], ...measured.facts };
    });
    await this.#addCandidate(facts, row, plan, policy);
    return { facts, toConfirm, machines };
  }

  async #jobFacts(run: number, plan: Plan, { sources }: ReleasePolicy, stopped: AbortSignal): Promise<JobFacts> {
    const { store, verdicts } = this.#parts;
    const builder = new JobFactsBuilder(plan, sources);
    const rows = await store.jobs(run);
    for (let from = 0; from < rows.length; from += JOBS_PER_PAGE) {
      stopped.throwIfAborted();
      const results = await verdicts.resultsFrom(run, from, JOBS_PER_PAGE);
      for (const row of rows.slice(from, from + JOBS_PER_PAGE)) builder.add(row, results.get(row.job) ?? null);
    }
    return builder.facts();
  }

  /** The candidate by the digest of its files, and what was published before it, where a gate asks. */
  async #addCandidate(facts: Gathered, row: RunRow, plan: Plan, { gates, sources }: ReleasePolicy): Promise<void> {
    const files = facts.artifacts ?? [];
    const version = plan.candidate.version ?? versionOfFiles(files);
    const digest = candidateDigest(files);
    const asks = gates.G02 !== undefined || gates.G22?.firstReleaseWithout === true;
    const published = asks && version !== null ? await this.#published(row, version, sources) : null;
    if (published?.ok === true) facts.index = published.index;
    else if (published) facts.absent.index = published.reason;
    if (version === null || digest === null) {
      facts.absent.candidate = digest === null ? "it has no files" : "its files have different versions";
      return;
    }
    const ofFarm = async (): Promise<string | null> => (await this.#releaseBefore(row, version))?.version ?? null;
    const lastRelease = published?.ok === true ? published.lastRelease : (sources.lastRelease ?? (await ofFarm()));
    const candidate: CandidateFact = { name: row.candidate.name, version, digest, commit: null };
    facts.candidate = { ...candidate, lastRelease };
  }

  /** The newest run of the highest lower version that passed on this farm, which is what is compared with; null without one. */
  async #releaseBefore(row: RunRow, version: string | null): Promise<Release | null> {
    if (version === null) return null;
    const passed = await this.#parts.store.passedRuns(normalName(row.candidate.name), PASSED_RUNS_MAX, row.run);
    const lower = passed.flatMap(({ candidate, source }): Release[] =>
      candidate.version !== null && compareVersions(candidate.version, version) < 0
        ? [{ version: candidate.version, source }]
        : [],
    );
    // The sort is stable: of one version the newest run comes first.
    return lower.toSorted((a, b) => compareVersions(b.version, a.version))[0] ?? null;
  }

  async #published(row: RunRow, version: string, sources: ReleasePolicy["sources"]): Promise<ReleasesFound> {
    try {
      return await publishedReleases(this.#parts.upstream, row.candidate.name, version, sources);
    } catch (cause) {
      return { ok: false, reason: messageOf(cause) };
    }
  }
}

function ofJobs(jobs: JobFacts, plan: Plan): GateFacts {
  const { audits, suites, coverage, installs, examples } = jobs;
  const pythons = new Set(plan.cells.map(({ axes }) => axes.python.replace(/t$/, "")));
  return {
    run: { jobs: jobs.jobs },
    // Known by the jobs alone: which files there are does not hang on what can be read of them.
    artifacts: jobs.built.map(({ sizeBytes: _size, ...artifact }) => artifact),
    matrixPythons: [...pythons],
    ...{ audits, suites, coverage, installs },
    ...(examples === undefined ? {} : { examples }),
  };
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
