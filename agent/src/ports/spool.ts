import type { AttemptRef } from "../domain/attempt-key.ts";
import type { FrameBody } from "../domain/frame.ts";
import type { ProcessGroup } from "./executor.ts";

/**
 * What one attempt has to say, on disk. Frames are numbered from 1 in the order
 * of `append` and stay until the attempt is removed, so that sending can begin
 * again anywhere. Appending is synchronous: what `append` accepted survives the
 * agent's process.
 */
export interface SpooledAttempt {
  /** `run.job.attempt` */
  readonly key: string;
  readonly ref: AttemptRef;
  /** Frames in the file. */
  readonly lastSeq: number;
  /** Frames that the coordinator holds. */
  readonly ackedSeq: number;
  /** Whether the last frame is `finished`: nothing can follow. */
  readonly isFinished: boolean;
  readonly isRemoved: boolean;
  /** The next frame that `read` gives. */
  readonly nextSeq: number;
  /** False when the disk did not take it; the file is then as it was before. */
  append(body: FrameBody, atMs: number): boolean;
  /** Best effort. */
  noteProcessGroup(group: ProcessGroup): void;
  /**
   * Gives encoded frames from `nextSeq` on, each valid during its call only,
   * until about `bytesMax` bytes were given (at least one frame) or none is left.
   * Returns the bytes given.
   */
  read(bytesMax: number, take: (frame: Uint8Array) => void): number;
  /** Moves `nextSeq`; any frame up to `lastSeq + 1`. */
  rewind(nextSeq: number): void;
  /** Notes that the coordinator holds every frame up to `seq`; true when that is all of a finished attempt. */
  acknowledge(seq: number): boolean;
  /** Deletes the file. Idempotent. */
  remove(): void;
}

/** An attempt that an earlier process of this agent left behind. */
export interface LeftAttempt {
  readonly attempt: SpooledAttempt;
  readonly groups: readonly ProcessGroup[];
}

export interface Spool {
  /** Every attempt that was created or recovered and not removed. */
  attempts(): IterableIterator<SpooledAttempt>;
  readonly size: number;
  find(key: string): SpooledAttempt | undefined;
  /** Bytes that the coordinator has not acknowledged. */
  readonly unacknowledgedBytes: number;
  /** More than the limit is unacknowledged: whoever writes output waits for `drained`. */
  readonly isFull: boolean;
  /** Calls once, when no longer full. */
  drained(listener: () => void): void;
  /** Keeps an assignment, before anything else of its attempt; null when the disk did not take it. */
  create(ref: AttemptRef, assignment: Uint8Array): SpooledAttempt | null;
}
