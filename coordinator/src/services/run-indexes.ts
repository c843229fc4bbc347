import { LRUCache } from "lru-cache";
import { normalName } from "../domain/staging/project-name.ts";
import { ANY_VARIANT } from "../domain/staging/staged-file.ts";
import type { Store } from "../ports/store.ts";
import type { IndexKey, NoSuchIndex } from "./index-api.ts";
import type { PlanCache } from "./plan-cache.ts";

/** What the index of a run has to know of its plan; it never changes. */
export interface RunFacts {
  /** Normalised (PEP 503). */
  readonly project: string;
  /** The run's indexes, ANY_VARIANT first. */
  readonly variants: readonly string[];
  /** The index of each build's wheel, by position in the plan. */
  readonly variantOfBuild: ReadonlyMap<number, string>;
}

const RUNS_KEPT_MAX = 1_000;
/** Builds of all runs whose facts are kept. */
const BUILDS_KEPT_MAX = 200_000;

/** Which indexes runs have, by their plans. */
export class RunIndexes {
  readonly #store: Store;
  readonly #plans: PlanCache;
  readonly #facts = new LRUCache<number, RunFacts>({
    max: RUNS_KEPT_MAX,
    maxSize: BUILDS_KEPT_MAX,
    sizeCalculation: ({ variantOfBuild }) => 1 + variantOfBuild.size,
  });

  constructor(store: Store, plans: PlanCache) {
    this.#store = store;
    this.#plans = plans;
  }

  /** null when there is no such run. */
  async facts(run: number): Promise<RunFacts | null> {
    const known = this.#facts.get(run);
    if (known) return known;
    const row = await this.#store.run(run);
    if (!row) return null;
    const { jobs } = await this.#plans.get(run);
    const variantOfBuild = new Map<number, string>();
    const variants = new Set([ANY_VARIANT]);
    for (const [index, job] of jobs.entries()) {
      if (job.kind === "build") variantOfBuild.set(index, job.wheel.index ?? ANY_VARIANT);
      // A build installs its PyTorch from there, also one whose wheel serves every variant.
      if (job.kind === "build" && job.wheel.torch) variants.add(job.wheel.torch.variant);
      if (job.kind === "test" && job.torch) variants.add(job.torch.variant);
    }
    for (const variant of variantOfBuild.values()) variants.add(variant);
    const facts = { project: normalName(row.candidate.name), variants: [...variants], variantOfBuild };
    this.#facts.set(run, facts);
    return facts;
  }

  async find({ run, variant }: IndexKey): Promise<{ readonly ok: true; readonly facts: RunFacts } | NoSuchIndex> {
    const facts = await this.facts(run);
    if (!facts) return { ok: false, reason: "no-such-run" };
    if (facts.variants.includes(variant)) return { ok: true, facts };
    return { ok: false, reason: "no-such-variant", variants: facts.variants };
  }
}
