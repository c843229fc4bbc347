export interface KeptBlob {
  readonly sha256: string;
  readonly sizeBytes: number;
  /** When it was put, or asked for, last; up to ten minutes early. */
  readonly touchedMs: number;
}

export interface BlobUsage {
  readonly blobs: number;
  readonly bytes: number;
}

/**
 * The blob store as who removes from it sees it. Whoever puts a blob, or asks for
 * its size, may use it for an hour before anything that can be looked up says so:
 * that is how an upload, and the submission that follows it, win against a sweep.
 */
export interface BlobSweep {
  /** Blobs are listed in this many parts. */
  readonly parts: number;
  /** Part 0 … parts − 1. */
  list(part: number): Promise<readonly KeptBlob[]>;
  /** Removes it unless it was touched after that; says whether it did. Looking and removing are one step. */
  remove(sha256: string, untouchedSinceMs: number): Promise<boolean>;
  /** What is kept, from the last listing of each part and what was put and removed since. */
  usage(): BlobUsage;
}

/** What `touchedMs` may be early by. */
export const TOUCH_INTERVAL_MS = 10 * 60_000;
/** How long something may go unused between being touched and being referred to. */
export const BLOB_GRACE_MS = 60 * 60_000;
