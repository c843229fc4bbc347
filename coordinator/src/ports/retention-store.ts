import type { AuditEntry } from "../domain/audit.ts";
import type { RunAge } from "../domain/retention.ts";

export type PinOutcome = "done" | "no-such-run" | "bytes-gone";

/** What became of a blob that was here. */
export interface RemovedBlob {
  readonly sha256: string;
  readonly sizeBytes: number;
  readonly removedAtMs: number;
  /** A sentence. */
  readonly rule: string;
}

export type BlobUse =
  | { readonly by: "kept-run" }
  /** Some agent was offered it as its software, and may take it yet. */
  | { readonly by: "offered-update" }
  | { readonly by: "expired-run"; readonly rule: string }
  | { readonly by: "none" };

export interface RetentionQuery {
  readonly endedBeforeMs: number;
  /** Runs above this one. */
  readonly afterRun: number;
  readonly limit: number;
  /** How far `newerRuns` has to be counted. */
  readonly newerRunsMax: number;
}

/**
 * Which runs keep their bytes, and who needs which blob. What a method has
 * resolved with survives a crash. A run is *expired* when it was marked so after
 * it last ended; one that is tried again is not.
 */
export interface RetentionStore {
  /** Runs that ended, are not pinned and not expired, the oldest first. */
  aged(query: RetentionQuery): Promise<readonly RunAge[]>;
  /** Marks a run; false when it is pinned or not ended (any more). */
  expire(run: number, atMs: number, rule: string): Promise<boolean>;
  /** Expired runs whose logs were not removed since, and are not shown by a kept run that took results from them. */
  logsToRemove(limit: number): Promise<readonly number[]>;
  logsRemoved(run: number): Promise<void>;
  /** `atMs` null takes the pin away. `audit` is written with it when it is done. */
  setPin(run: number, atMs: number | null, audit: AuditEntry): Promise<PinOutcome>;
  /** Who has it: an offered update; a run that is not expired as source, artifact or staged file, only such as are; none. */
  blobUse(sha256: string): Promise<BlobUse>;
  /** Noted before the bytes go, so that no crash leaves a hole without a reason. */
  noteRemoved(blob: RemovedBlob): Promise<void>;
  removed(sha256: string): Promise<RemovedBlob | null>;
}
