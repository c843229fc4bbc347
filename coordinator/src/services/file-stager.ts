import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import type { AuditEntry } from "../domain/audit.ts";
import { checkWheel, isWanted } from "../domain/staging/check-wheel.ts";
import { parseDistribution } from "../domain/staging/distribution-name.ts";
import type { BlobStore } from "../ports/blob-store.ts";
import type { Clock } from "../ports/clock.ts";
import type { StagingStore } from "../ports/staging-store.ts";
import type { WheelReader } from "../ports/wheel-reader.ts";
import type { IndexKey, StageOutcome } from "./index-api.ts";

/** A blob that is to be a file of an index. */
export interface FileToStage extends IndexKey {
  /** The candidate's name, normalised: the only project that is staged. */
  readonly project: string;
  readonly filename: string;
  readonly sha256: string;
  readonly sizeBytes: number;
  readonly job: number | null;
  /** What an sdist requires; a wheel says so itself. */
  readonly requiresPython: string | null;
}

const FILES_OF_RUN_MAX = 20_000;

/** Puts blobs on the indexes of runs, after looking whether they are what they are called. */
export class FileStager {
  readonly #blobs: BlobStore;
  readonly #store: StagingStore;
  readonly #wheels: WheelReader;
  readonly #clock: Clock;
  /** One wheel is looked into at a time, which bounds the memory for what they contain. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(parts: {
    readonly blobs: BlobStore;
    readonly store: StagingStore;
    readonly wheels: WheelReader;
    readonly clock: Clock;
  }) {
    this.#blobs = parts.blobs;
    this.#store = parts.store;
    this.#wheels = parts.wheels;
    this.#clock = parts.clock;
  }

  /** Throws when the blob is not there. `audit` is written with the file; null: nobody asked for it. */
  async stage(file: FileToStage, audit: AuditEntry | null): Promise<StageOutcome> {
    const named = checkName(file.filename, file.project);
    if (!named.ok) return named;
    const { distribution } = named;
    let { requiresPython } = file;
    let metadataSha256: string | null = null;
    if (distribution.kind === "wheel") {
      const check = await this.#inTurn(async () => {
        const read = await this.#wheels.read(file.sha256, file.sizeBytes, isWanted);
        return read.ok ? checkWheel(distribution, read.contents) : read;
      });
      if (!check.ok) return refused(file.filename, check.reason);
      requiresPython = check.metadata.requiresPython;
      metadataSha256 = await this.#keep(check.metadataFile);
    }
    const { run, variant, filename, sha256, sizeBytes, job } = file;
    const { project, version } = distribution;
    const outcome = await this.#store.stage(
      {
        ...{ run, variant, filename, project, version, sha256, sizeBytes, requiresPython, metadataSha256, job },
        stagedAtMs: this.#clock.nowMs(),
        yanked: null,
      },
      FILES_OF_RUN_MAX,
      audit,
    );
    if (outcome.ok || outcome.reason === "other-bytes") return outcome;
    return refused(filename, `the run has ${outcome.limit} files, and may not have more`);
  }

  async #keep(bytes: Uint8Array): Promise<string> {
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    const outcome = await this.#blobs.put(sha256, Readable.from([bytes], { objectMode: false }));
    if (!outcome.ok) throw new Error(`the METADATA ${sha256} could not be stored: ${outcome.reason}`);
    return sha256;
  }

  async #inTurn<T>(act: () => Promise<T>): Promise<T> {
    const mine = this.#turn.then(act);
    this.#turn = mine.catch(() => undefined);
    return mine;
  }
}

/** Whether a file of this name can be staged for this project. */
export function checkName(
  filename: string,
  project: string,
):
  | { readonly ok: true; readonly distribution: NonNullable<ReturnType<typeof parseDistribution>> }
  | { readonly ok: false; readonly reason: "refused"; readonly detail: string } {
  const distribution = parseDistribution(filename);
  const shown = filename.slice(0, 300);
  if (!distribution) return refused(shown, "its name is neither a wheel's (PEP 427) nor an sdist's (PEP 625)");
  if (distribution.project !== project) {
    return refused(shown, `it is of ${distribution.project}, and this index stages ${project} only`);
  }
  return { ok: true, distribution };
}

function refused(
  filename: string,
  reason: string,
): { readonly ok: false; readonly reason: "refused"; readonly detail: string } {
  return { ok: false, reason: "refused", detail: `${filename} is refused: ${reason}` };
}
