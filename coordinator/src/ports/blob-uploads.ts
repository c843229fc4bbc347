import type { Readable } from "node:stream";
import type { BlobStore, PutBlobOutcome } from "./blob-store.ts";

export type UploadBlobOutcome =
  | PutBlobOutcome
  /** There are fewer bytes than that: ask again how many. */
  | { readonly ok: false; readonly reason: "beyond-received"; readonly receivedBytes: number }
  /** Another upload of this digest is going on from what is there. */
  | { readonly ok: false; readonly reason: "under-way" };

/**
 * Uploads that can go on after a break, of either side. What is kept of a broken one
 * is bounded in number, bytes and age: the oldest goes first, and its upload starts
 * again. Safe to call concurrently; a digest that is none throws, as in `BlobStore`.
 */
export interface BlobUploads {
  /** Bytes from which an upload can go on: 0 when nothing is kept, the size when all is stored. */
  receivedBytes(sha256: string): Promise<number>;
  /**
   * Like `put` of the first `fromBytes` that are kept, followed by `bytes`, which is
   * read to its end; 0 starts anew. A broken stream throws, and what came is kept,
   * also when the process ends. On a mismatch or a limit nothing is kept. A digest
   * that is already stored is `ok` at once, without reading.
   */
  upload(sha256: string, bytes: Readable, fromBytes: number): Promise<UploadBlobOutcome>;
}

export type ResumableBlobStore = BlobStore & BlobUploads;
