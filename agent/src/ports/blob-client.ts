import type { Blob } from "../domain/job.ts";

export type BlobFailure = { readonly ok: false; readonly message: string };
export type FetchBlobResult = { readonly ok: true } | BlobFailure;
export type StoreBlobResult = { readonly ok: true; readonly blob: Blob } | BlobFailure;

/**
 * The coordinator's blobs. Both calls go on trying while the coordinator is
 * away, until `signal` is aborted; a failure is one that trying again does not
 * mend. Any number of calls at once.
 */
export interface BlobClient {
  /** Writes a new file with exactly these bytes, digest verified. */
  fetch(blob: Blob, target: string, signal: AbortSignal): Promise<FetchBlobResult>;
  /**
   * Stores a file under its digest; storing it again is cheap. After a break, also
   * one that ended an earlier process, it goes on behind what the coordinator has.
   * `note` hears, for the job's log, how many bytes were sent and from where.
   */
  store(path: string, filename: string, signal: AbortSignal, note?: (text: string) => void): Promise<StoreBlobResult>;
}
