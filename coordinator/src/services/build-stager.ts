import type { Logger } from "pino";
import { LRUCache } from "lru-cache";
import type { StagedFile, UnstagedWheel } from "../domain/staging/staged-file.ts";
import type { BlobStore } from "../ports/blob-store.ts";
import type { Clock } from "../ports/clock.ts";
import type { StagingStore } from "../ports/staging-store.ts";
import type { FileStager } from "./file-stager.ts";
import type { StageOutcome } from "./index-api.ts";
import type { RunFacts } from "./run-indexes.ts";

/** Runs known to have nothing left to stage. */
const SETTLED_RUNS_MAX = 10_000;

/**
 * Stages the wheels that passed builds have made. It is a level, not an edge:
 * what the store says is not staged yet is staged whenever somebody is about to
 * look, so a crash in between leaves nothing out and no test is too early.
 */
export class BuildStager {
  readonly #stager: FileStager;
  readonly #store: StagingStore;
  readonly #blobs: BlobStore;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #settled = new LRUCache<number, true>({ max: SETTLED_RUNS_MAX });
  readonly #working = new Map<number, Promise<void>>();

  constructor(parts: {
    readonly stager: FileStager;
    readonly store: StagingStore;
    readonly blobs: BlobStore;
    readonly clock: Clock;
    readonly log: Logger;
  }) {
    this.#stager = parts.stager;
    this.#store = parts.store;
    this.#blobs = parts.blobs;
    this.#clock = parts.clock;
    this.#log = parts.log;
  }

  /** A build of the run has passed: call it once that is durable, before anybody is told. */
  built(run: number): void {
    this.#settled.delete(run);
  }

  /** Resolves when every wheel of the run's passed builds is staged or refused. */
  async settle(run: number, facts: RunFacts): Promise<void> {
    for (;;) {
      let working = this.#working.get(run);
      if (!working) {
        if (this.#settled.has(run)) return;
        working = this.#stageAll(run, facts).finally(() => this.#working.delete(run));
        this.#working.set(run, working);
      }
      await working;
    }
  }

  async #stageAll(run: number, facts: RunFacts): Promise<void> {
    // Before the question, so that a build that passes meanwhile is asked for again.
    this.#settled.set(run, true);
    try {
      for (const wheel of await this.#store.unstaged(run)) await this.#stageOne(run, wheel, facts);
    } catch (cause) {
      this.#settled.delete(run);
      throw cause;
    }
  }

  async #stageOne(run: number, wheel: UnstagedWheel, { project, variantOfBuild }: RunFacts): Promise<void> {
    const variant = variantOfBuild.get(wheel.job);
    if (variant === undefined) throw new Error(`job ${wheel.job} of r${run} made a wheel and is no build`);
    const { filename, sha256 } = wheel;
    const isThere = (await this.#blobs.size(sha256)) === wheel.sizeBytes;
    const outcome: StageOutcome = isThere
      ? await this.#stager.stage({ ...wheel, run, variant, project, requiresPython: null }, null)
      : { ok: false, reason: "refused", detail: `${filename} is refused: its bytes are no longer here` };
    if (outcome.ok) return;
    const reason = reasonOf(outcome, { run, variant, filename, sha256 });
    this.#log.warn({ run, job: wheel.job, filename, reason }, "a build's wheel was not staged");
    await this.#store.refuse({ run, job: wheel.job, filename, sha256, reason, refusedAtMs: this.#clock.nowMs() });
  }
}

function reasonOf(
  outcome: StageOutcome & { readonly ok: false },
  { variant, filename, sha256 }: Pick<StagedFile, "run" | "variant" | "filename" | "sha256">,
): string {
  switch (outcome.reason) {
    case "refused":
      return outcome.detail;
    case "other-bytes":
      return `${filename} is refused: the index ${variant} has a file of this name with other bytes (${outcome.sha256}, not ${sha256})`;
    case "digest-mismatch":
    case "too-large":
      throw new Error(`a blob that is stored cannot be refused as ${outcome.reason}`);
  }
}
