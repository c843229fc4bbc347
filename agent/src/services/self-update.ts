import type { Blob } from "../domain/job.ts";
import { judgeOffer, withTrial, type Bundle } from "../domain/update/versions.ts";
import type { BlobClient } from "../ports/blob-client.ts";
import type { UpdateOffer } from "../ports/control-plane.ts";
import type { Log } from "../ports/log.ts";
import type { VersionStore } from "../ports/versions.ts";

export interface SelfUpdateParts {
  readonly versions: VersionStore;
  readonly blobs: BlobClient;
  /** No job runs or waits here. */
  readonly isIdle: () => boolean;
  /** No assignment comes in after this. */
  readonly stopAssignments: () => void;
  readonly takeAssignments: () => void;
  /** Ends this process, so that the service starts the other bundle. */
  readonly restart: () => void;
  readonly log: Log;
}

/** Takes versions of the agent that the farm offers, while it has no job. The farm repeats its offers. */
export class SelfUpdate {
  readonly #parts: SelfUpdateParts;
  readonly #runningSha256: string;
  readonly #stopping = new AbortController();
  #isBusy = false;

  /** `runningSha256`: of the bundle that runs; empty: the installed one. */
  constructor(parts: SelfUpdateParts, runningSha256: string) {
    this.#parts = parts;
    this.#runningSha256 = runningSha256;
  }

  /** Never rejects. Does nothing while an offer is being taken, or a job is here. */
  async offered({ version, offer, blob }: UpdateOffer): Promise<void> {
    const { versions, isIdle, log } = this.#parts;
    const bundle: Bundle = { sha256: blob.sha256, version, offer };
    if (this.#isBusy || judgeOffer(versions.read(), bundle, this.#runningSha256) !== "take" || !isIdle()) return;
    this.#isBusy = true;
    try {
      await this.#take(bundle, blob);
    } catch (cause) {
      log.warn({ err: cause, version }, "the version that the farm offers could not be taken");
    } finally {
      this.#isBusy = false;
    }
  }

  stop(): void {
    this.#stopping.abort();
  }

  async #take(bundle: Bundle, blob: Blob): Promise<void> {
    const { versions, blobs, isIdle, stopAssignments, takeAssignments, restart, log } = this.#parts;
    versions.tidy();
    const fetched = await blobs.fetch(blob, versions.pathOf(bundle), this.#stopping.signal);
    if (!fetched.ok)
      return log.warn({ version: bundle.version, reason: fetched.message }, "the offered version could not be fetched");
    stopAssignments();
    // A job may have come meanwhile: the farm offers again when it is done.
    if (!isIdle()) return takeAssignments();
    versions.write(withTrial(versions.read(), bundle));
    log.info(
      { version: bundle.version, sha256: bundle.sha256 },
      "the agent starts again as the version that the farm offers",
    );
    restart();
  }
}
