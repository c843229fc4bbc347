import type { Readable } from "node:stream";

export type PutBlobOutcome =
  | { readonly ok: true; readonly stored: boolean; readonly sizeBytes: number }
  | { readonly ok: false; readonly reason: "digest-mismatch"; readonly actualSha256: string }
  | { readonly ok: false; readonly reason: "too-large"; readonly limitBytes: number };

/**
 * Content-addressed bytes. Safe to call concurrently, also for the same digest.
 * Every digest is lower-case hexadecimal SHA-256; anything else throws.
 */
export interface BlobStore {
  /**
   * Reads `bytes` to its end and keeps them under `sha256`. When it returns
   * `ok`, they survive a crash of the process and of the machine. On a mismatch,
   * a limit or a broken stream (which throws) nothing is kept.
   */
  put(sha256: string, bytes: Readable): Promise<PutBlobOutcome>;
  /** Size in bytes, or null when it is not there. Who was told a size, or put it, may rely on it for BLOB_GRACE_MS. */
  size(sha256: string): Promise<number | null>;
  /** Bytes from `start` to `end`, both inclusive and inside the blob. Throws when it is not there. */
  read(sha256: string, range?: { readonly start: number; readonly end: number }): Readable;
}
