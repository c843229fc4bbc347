import type { AttemptKey } from "../domain/attempt-key.ts";

/**
 * The captured output of attempts. Writes carry their offset, so writing the
 * same bytes again changes nothing. One writer per attempt at a time; readers at
 * any time.
 */
export interface LogStore {
  /** Puts `chunks`, one after the other, at `offset`. They are visible to readers when it resolves, durable after `sync`. */
  write(key: AttemptKey, offset: number, chunks: readonly Uint8Array[]): Promise<void>;
  /** Makes every earlier write of the attempt durable. Nothing to do where nothing was written. */
  sync(key: AttemptKey): Promise<void>;
  /** Bytes written so far; 0 when there is no log. */
  size(key: AttemptKey): Promise<number>;
  /** At most `maxBytes` from `offset`; empty at the end. */
  read(key: AttemptKey, offset: number, maxBytes: number): Promise<Uint8Array>;
  /** Removes every log of a run, of which nothing is being written, and says how many bytes that were. */
  removeRun(run: number): Promise<number>;
  /** Nothing more will be written for the attempt: lets go of its file. */
  close(key: AttemptKey): Promise<void>;
}
