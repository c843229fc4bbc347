import type { AuditEntry } from "../domain/audit.ts";
import type { RefusedWheel, StagedFile, UnstagedWheel } from "../domain/staging/staged-file.ts";

export type StageOutcome =
  /** `added` is false when the same bytes were staged under this name before. */
  | { readonly ok: true; readonly added: boolean }
  | { readonly ok: false; readonly reason: "other-bytes"; readonly sha256: string }
  | { readonly ok: false; readonly reason: "too-many"; readonly limit: number };

/** Which files the runs' indexes have. What a method has resolved with survives a crash. */
export interface StagingStore {
  /**
   * Adds a file, unless its name has other bytes on the same index. A wheel of a
   * build is noted as staged also when the bytes were there before. Throws where
   * there is no such run. `audit` is written with a file that was added, and only then.
   */
  stage(file: StagedFile, filesMax: number, audit: AuditEntry | null): Promise<StageOutcome>;
  /** Notes that a build's wheel was looked at and cannot be staged. */
  refuse(wheel: RefusedWheel): Promise<void>;
  /** Wheels of the run's passed builds that were neither staged nor refused, in the order of the plan. */
  unstaged(run: number): Promise<readonly UnstagedWheel[]>;
  /** Every file of the run, by variant, then name. */
  files(run: number): Promise<readonly StagedFile[]>;
  refused(run: number): Promise<readonly RefusedWheel[]>;
  /** Sets or, with null, clears the reason of every file of this name; `variant` null: on each of the run's indexes. Returns how many there are; `audit` is written unless there are none. */
  setYanked(
    run: number,
    file: { readonly filename: string; readonly variant: string | null },
    yanked: string | null,
    audit: AuditEntry,
  ): Promise<number>;
}
