import type { AuditEntry } from "../domain/audit.ts";
import type { Readable } from "node:stream";
import type { IndexPage } from "../domain/staging/index-page.ts";
import type { RefusedWheel, StagedFile } from "../domain/staging/staged-file.ts";
import type { UpstreamSource } from "../domain/staging/upstream-source.ts";
import type { UpstreamFile, UpstreamTrouble, WantedFile } from "../ports/upstream.ts";

/** One of a run's indexes. */
export interface IndexKey {
  readonly run: number;
  readonly variant: string;
}

export type NoSuchIndex =
  | { readonly ok: false; readonly reason: "no-such-run" }
  | { readonly ok: false; readonly reason: "no-such-variant"; readonly variants: readonly string[] };

export type ProjectPage =
  /** Of the candidate: the files that are staged. */
  | { readonly ok: true; readonly kind: "staged"; readonly page: IndexPage }
  /** Of another project. The same object for as long as it is fresh; its files' URLs are relative to our page. */
  | { readonly ok: true; readonly kind: "proxied"; readonly page: IndexPage }
  | NoSuchIndex
  | { readonly ok: false; readonly reason: "unknown-project" }
  | UpstreamTrouble;

export interface UploadForm {
  readonly filename: string;
  readonly sha256: string;
  /** As the form says; empty when it does not. */
  readonly name: string;
  readonly version: string;
  readonly requiresPython: string;
}

export type StageRefusal =
  /** `detail` is a sentence about the file. */
  | { readonly ok: false; readonly reason: "refused"; readonly detail: string }
  | { readonly ok: false; readonly reason: "other-bytes"; readonly sha256: string }
  | { readonly ok: false; readonly reason: "digest-mismatch"; readonly actualSha256: string }
  | { readonly ok: false; readonly reason: "too-large"; readonly limitBytes: number };

export type StageOutcome = { readonly ok: true; readonly added: boolean } | StageRefusal;

export interface StagedBlob {
  readonly sha256: string;
  readonly sizeBytes: number;
  read(range?: { readonly start: number; readonly end: number }): Readable;
}

/** What installers, uploaders and operators ask of the staging index. */
export interface StagingIndex {
  /** The candidate's name (PEP 503), which is all that the index lists. */
  candidate(key: IndexKey): Promise<{ readonly ok: true; readonly project: string } | NoSuchIndex>;
  /** `project` is normalised. */
  page(key: IndexKey, project: string): Promise<ProjectPage>;
  /** A staged file, or its METADATA; null when it is not there. */
  stagedFile(
    key: IndexKey,
    file: { readonly filename: string; readonly sha256: string; readonly metadata: boolean },
  ): Promise<StagedBlob | null>;
  upstreamFile(source: UpstreamSource, file: WantedFile): Promise<UpstreamFile>;
  /** Looks at what the form says before any byte of the file is read. */
  checkUpload(key: IndexKey, form: UploadForm): Promise<{ readonly ok: true } | StageRefusal | NoSuchIndex>;
  /** Stores and stages a file that `checkUpload` has passed. */
  upload(key: IndexKey, form: UploadForm, bytes: Readable, audit: AuditEntry): Promise<StageOutcome>;
  /** What a run has staged, and the builds' wheels that could not be; null when there is no such run. */
  staged(run: number): Promise<StagedOfRun | null>;
  /** `variant` null: on each of the run's indexes. `reason` null: no longer yanked. */
  setYanked(
    run: number,
    file: { readonly filename: string; readonly variant: string | null },
    reason: string | null,
    audit: AuditEntry,
  ): Promise<
    | { readonly ok: true; readonly files: readonly StagedFile[] }
    | { readonly ok: false; readonly reason: "no-such-run" | "no-such-file" }
  >;
}

export interface StagedOfRun {
  readonly files: readonly StagedFile[];
  readonly refused: readonly RefusedWheel[];
  /** Name of the job at a position of the plan. */
  jobName(job: number): string;
}
