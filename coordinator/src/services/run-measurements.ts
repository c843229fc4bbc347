import type { ComparePolicy, GateFacts, ProfileFact } from "@kiln/gate";
import type { Plan, PlannedJob } from "@kiln/matrix";
import { compareJobs } from "../domain/measure/comparisons.ts";
import { machineClass } from "../domain/measure/machine-class.ts";
import { identicalRuns } from "../domain/measure/self-comparison.ts";
import { attemptsMeasured, type MeasuredAttempt } from "../domain/measure/measured-attempts.ts";
import { readProfile } from "../domain/measure/profiles.ts";
import type { Texts } from "../domain/measure/read-pairs.ts";
import type { JobRow } from "../domain/rows.ts";
import type { BlobStore } from "../ports/blob-store.ts";
import type { SelfComparisonStore } from "../ports/self-comparison-store.ts";
import type { Store } from "../ports/store.ts";

/** Of one file; the readers have limits of their own. */
const FILE_BYTES_MAX = 64 * 1024 ** 2;
const ROLES: ReadonlySet<string> = new Set(["benchmark", "profile-metrics"]);

/** Why there is nothing of a fact. */
type Absent = Partial<Record<"comparisons" | "measured" | "profiles", string>>;
type Kind = "bench" | "profile";

interface PassedJob<K extends Kind> {
  /** Position in the plan. */
  readonly index: number;
  readonly job: Extract<PlannedJob, { readonly kind: K }>;
  readonly attempts: readonly (MeasuredAttempt & { readonly texts: Texts })[];
}

export interface RunMeasured {
  readonly facts: Pick<GateFacts, "comparisons" | "measured" | "profiles"> & { readonly absent: Absent };
  /** Positions of bench jobs with a benchmark that a first look flagged or could not tell. */
  readonly toConfirm: readonly number[];
  /** Of the cells with bench jobs, the class of machines that measured them. */
  readonly machines: ReadonlyMap<string, string>;
}

/** Reads what the bench and profile jobs of a run measured, and compares it. */
export class RunMeasurements {
  readonly #store: Store;
  readonly #selfComparisons: Pick<SelfComparisonStore, "history">;
  readonly #blobs: BlobStore;
  readonly #policy: ComparePolicy;

  constructor(parts: {
    readonly store: Store;
    readonly selfComparisons: Pick<SelfComparisonStore, "history">;
    readonly blobs: BlobStore;
    readonly policy: ComparePolicy;
  }) {
    this.#store = parts.store;
    this.#selfComparisons = parts.selfComparisons;
    this.#blobs = parts.blobs;
    this.#policy = parts.policy;
  }

  async collect(run: number, plan: Plan, signal: AbortSignal): Promise<RunMeasured> {
    const rows = await this.#store.jobs(run);
    const absent: Absent = {};
    const benches = await this.#passed(run, plan, rows, "bench", signal);
    const profiles = await this.#passed(run, plan, rows, "profile", signal);
    if (benches.length === 0) absent.comparisons = absent.measured = whyNone(plan, "bench");
    if (profiles.length === 0) absent.profiles = whyNone(plan, "profile");
    const machines = await this.#machines(benches);
    const { judged, measured, toConfirm } = compareJobs(benches, this.#policy, {
      machineOf: ({ job }) => machines.get(job.cell) ?? "",
      identicalOf: identicalRuns(benches.length === 0 ? [] : await this.#selfComparisons.history(plan.candidate.name)),
    });
    const kernels = profiles.map(({ job, attempts }) => {
      const newest = attempts.at(-1);
      return newest
        ? readProfile(job, newest, newest.texts)
        : { ok: false as const, problem: `${job.name} reported nothing` };
    });
    const unread = kernels.find((one) => !one.ok);
    if (unread && !unread.ok) absent.profiles = unread.problem;
    const facts: ProfileFact[] = kernels.flatMap((one) => (one.ok ? [one.fact] : []));
    return {
      facts: {
        ...(benches.length > 0 ? { comparisons: judged, measured } : {}),
        // One that cannot be read must not look as if it had not been there.
        ...(facts.length > 0 && absent.profiles === undefined ? { profiles: facts } : {}),
        absent,
      },
      toConfirm,
      machines,
    };
  }

  /** By cell. A second look decides, so it names the machine. */
  async #machines(benches: readonly PassedJob<"bench">[]): Promise<ReadonlyMap<string, string>> {
    const agents = benches.length === 0 ? [] : await this.#store.agents();
    return new Map(
      benches.flatMap(({ job: { cell, boundBy }, attempts }) => {
        const newest = attempts.at(-1);
        return newest ? [[cell, machineClass(newest.attempt, boundBy, agents)] as const] : [];
      }),
    );
  }

  /** Jobs of a kind that passed, each with what its attempts measured. */
  async #passed<K extends Kind>(
    run: number,
    plan: Plan,
    rows: readonly JobRow[],
    kind: K,
    signal: AbortSignal,
  ): Promise<readonly PassedJob<K>[]> {
    const found: PassedJob<K>[] = [];
    for (const [index, job] of plan.jobs.entries()) {
      if (!isOf(job, kind) || rows[index]?.outcome !== "passed") continue;
      const attempts = [];
      for (const attempt of attemptsMeasured(await this.#store.attempts(run, index))) {
        signal.throwIfAborted();
        attempts.push({ ...attempt, texts: await this.#textsOf(attempt) });
      }
      found.push({ index, job, attempts });
    }
    return found;
  }

  async #textsOf({ attempt, report }: MeasuredAttempt): Promise<Texts> {
    const wanted = new Set(report.processes.flatMap(({ files }) => files));
    const texts = new Map<string, string>();
    for (const { role, blob } of attempt.artifacts) {
      if (!ROLES.has(role) || !wanted.has(blob.filename) || blob.sizeBytes > FILE_BYTES_MAX) continue;
      if ((await this.#blobs.size(blob.sha256)) === null) continue;
      const chunks: Buffer[] = [];
      for await (const chunk of this.#blobs.read(blob.sha256)) chunks.push(chunk as Buffer);
      texts.set(blob.filename, Buffer.concat(chunks).toString("utf8"));
    }
    return texts;
  }
}

function isOf<K extends Kind>(job: PlannedJob, kind: K): job is Extract<PlannedJob, { readonly kind: K }> {
  return job.kind === kind;
}

function whyNone(plan: Plan, kind: Kind): string {
  const planned = plan.jobs.filter((job) => job.kind === kind).length;
  return planned === 0
    ? `the plan has no ${kind} jobs: the spec has no ${kind}: for this release`
    : `none of its ${planned} ${kind} jobs passed`;
}
