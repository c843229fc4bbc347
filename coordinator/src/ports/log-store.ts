import type { AttemptKey } from "../domain/attempt-key.ts";

/** Bytes from `offset` on came at `atMs` (Unix time in milliseconds), up to the next entry. */
export interface LogTime {
  readonly offset: number;
  readonly atMs: number;
}

/** Entries that are closer than both are passed over, so that a log of 1 GB has some 16,000. */
export const LOG_TIME_BYTES_MIN = 64 * 1024;
export const LOG_TIME_MS_MIN = 100;

/**
 * The captured output of attempts. Writes carry their offset, so writing the
 * same bytes again changes nothing. One writer per attempt at a time; readers at
 * any time.
 */
export interface LogStore {
  /**
   * Puts `chunks`, one after the other, at `offset`. They are visible to readers when it resolves, durable after `sync`.
   * `times` says when they came, in order.
   */
  write(key: AttemptKey, offset: number, chunks: readonly Uint8Array[], times?: readonly LogTime[]): Promise<void>;
  /** Makes every earlier write of the attempt durable. Nothing to do where nothing was written. */
  sync(key: AttemptKey): Promise<void>;
  /** Bytes written so far; 0 when there is no log. */
  size(key: AttemptKey): Promise<number>;
  /** At most `maxBytes` from `offset`; empty at the end. */
  read(key: AttemptKey, offset: number, maxBytes: number): Promise<Uint8Array>;
  /** At most `max` entries, from the one that holds at byte `from` on; none where nothing is known. */
  times(key: AttemptKey, from: number, max: number): Promise<readonly LogTime[]>;
  /** Removes every log of a run, of which nothing is being written, and says how many bytes that were. */
  removeRun(run: number): Promise<number>;
  /** Nothing more will be written for the attempt: lets go of its file. */
  close(key: AttemptKey): Promise<void>;
}
