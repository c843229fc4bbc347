import { excerpt } from "../domain/excerpt.ts";
import { LOG_CHUNK_BYTES_MAX, type FrameBody } from "../domain/frame.ts";
import type { Blob, JobLimits } from "../domain/job.ts";
import { bytesBeforeMark, limitMark } from "../domain/limit-mark.ts";
import type { Verdict } from "../domain/outcome.ts";
import type { SecretBook } from "../domain/redaction/secret-book.ts";
import type { Redactor } from "../domain/redaction/redactor.ts";
import type { Report } from "../domain/report.ts";
import type { Clock } from "../ports/clock.ts";
import type { ProcessGroup } from "../ports/executor.ts";
import type { SpooledAttempt } from "../ports/spool.ts";
import { LogTail } from "./log-tail.ts";

/** How long output is gathered before it becomes a frame. */
const COALESCE_MS = 50;
/** Output of this size becomes a frame at once, without being copied first. */
const DIRECT_BYTES_MIN = 32 * 1024;
/** The end of a step's output that is kept in memory for judging a failure. */
const TAIL_BYTES_MAX = 256 * 1024;
const SUMMARY_CHARS_MAX = 1_000;
const NOTHING = new Uint8Array();

export interface RecorderEvents {
  /** Frames were added to the attempt. */
  appended(): void;
  /** The log limit is reached: the job is to be stopped. */
  limitReached(): void;
  /** The disk does not take frames: the job is to be stopped. */
  spoolFailed(): void;
}

/**
 * Turns what an executor reports into frames of the spool: output becomes
 * chunks of a sensible size, in order with everything else, and ends at the
 * job's limit with a mark that says so. No secret gets past it: what the spool
 * takes, and all that is made of output later, is redacted already.
 */
export class AttemptRecorder {
  readonly #attempt: SpooledAttempt;
  readonly #limits: JobLimits;
  readonly #clock: Clock;
  readonly #secrets: SecretBook;
  readonly #redactor: Redactor;
  readonly #events: RecorderEvents;
  #pending: Buffer | null = null;
  #pendingBytes = 0;
  #reserve: Uint8Array = NOTHING;
  #cancelFlush: (() => void) | null = null;
  #tail: LogTail | null = null;
  /** Bytes of the log in the spool. */
  #logEnd = 0;
  #droppedBytes = 0;
  #limitReached = false;
  #failed = false;
  #muted = false;
  #steps = 0;

  constructor(
    attempt: SpooledAttempt,
    limits: JobLimits,
    parts: { readonly clock: Clock; readonly secrets: SecretBook },
    events: RecorderEvents,
  ) {
    this.#attempt = attempt;
    this.#limits = limits;
    this.#clock = parts.clock;
    this.#secrets = parts.secrets;
    this.#redactor = parts.secrets.redactor((bytes) => this.#takeRedacted(bytes));
    this.#events = events;
  }

  started(pythonVersion: string): void {
    this.#append({ type: "started", pythonVersion });
  }

  stepStarted(title: string): void {
    this.#flush();
    this.#tail?.clear();
    this.#append({
      type: "step-started",
      index: this.#steps++,
      title: this.#secrets.redactText(title),
      logOffset: this.#logEnd,
    });
  }

  stepFinished(exitCode: number, durationMs: number): void {
    this.#flush();
    this.#append({ type: "step-finished", index: this.#steps - 1, exitCode, durationMs: Math.round(durationMs) });
  }

  artifact(role: string, blob: Blob): void {
    this.#flush();
    this.#append({ type: "artifact", role, blob });
  }

  report(report: Report): void {
    this.#flush();
    this.#append({ type: "report", report: this.#secrets.redactIn(report) });
  }

  processGroup(group: ProcessGroup): void {
    this.#attempt.noteProcessGroup(group);
  }

  /** Takes output; what is over the limit is counted and dropped. */
  output(bytes: Uint8Array): void {
    if (this.#limitReached || this.#failed || this.#muted) {
      this.#droppedBytes += bytes.length;
      return;
    }
    this.#redactor.push(bytes);
  }

  #takeRedacted(bytes: Uint8Array): void {
    if (this.#limitReached || this.#failed) {
      this.#droppedBytes += bytes.length;
      return;
    }
    const { logBytesMax } = this.#limits;
    const room = bytesBeforeMark(logBytesMax) - this.#logEnd - this.#pendingBytes;
    if (bytes.length <= room) return this.#take(bytes);
    if (room > 0) this.#take(bytes.subarray(0, room));
    const rest = bytes.subarray(Math.max(0, room));
    // The last bytes before the limit wait: they give way to the mark if more follow.
    if (this.#logEnd + this.#pendingBytes + this.#reserve.length + rest.length <= logBytesMax) {
      this.#reserve = Buffer.concat([this.#reserve, rest]);
    } else this.#overflow(rest.length);
  }

  /** The end of the current step's output. */
  outputTail(): string {
    this.#flush();
    return this.#tail?.text() ?? "";
  }

  /** The last frame. False when the disk did not take it: try again. */
  finish(verdict: Verdict): boolean {
    this.#flush();
    const tail = this.#tail?.text() ?? "";
    return this.#append({
      type: "finished",
      outcome: verdict.outcome,
      summary: this.#secrets.redactText(verdict.summary).slice(0, SUMMARY_CHARS_MAX).toWellFormed(),
      excerpt: tail === "" ? "" : excerpt(tail, verdict.outcome),
      logBytesDropped: this.#droppedBytes,
    });
  }

  /** Nobody wants the attempt any more: nothing is recorded from here on. */
  mute(): void {
    this.#muted = true;
    this.#cancelFlush?.();
    this.#cancelFlush = null;
    this.#pendingBytes = 0;
    this.#reserve = NOTHING;
  }

  #overflow(droppedBytes: number): void {
    this.#flushPending();
    this.#droppedBytes += this.#reserve.length + droppedBytes;
    this.#reserve = NOTHING;
    this.#writeChunk(Buffer.from(limitMark(this.#limits.logBytesMax)));
    this.#limitReached = true;
    this.#events.limitReached();
  }

  #take(bytes: Uint8Array): void {
    if (bytes.length >= DIRECT_BYTES_MIN) {
      this.#flushPending();
      for (let at = 0; at < bytes.length; at += LOG_CHUNK_BYTES_MAX) {
        this.#writeChunk(bytes.subarray(at, at + LOG_CHUNK_BYTES_MAX));
      }
      return;
    }
    if (this.#pendingBytes + bytes.length > LOG_CHUNK_BYTES_MAX) this.#flushPending();
    this.#pending ??= Buffer.allocUnsafe(LOG_CHUNK_BYTES_MAX);
    this.#pending.set(bytes, this.#pendingBytes);
    this.#pendingBytes += bytes.length;
    this.#cancelFlush ??= this.#clock.after(COALESCE_MS, () => this.#flushPending());
  }

  /** Everything so far becomes frames, in order before what is recorded next. */
  #flush(): void {
    if (!this.#muted) this.#redactor.flush();
    this.#flushPending();
    if (this.#reserve.length === 0) return;
    this.#writeChunk(this.#reserve);
    this.#reserve = NOTHING;
  }

  #flushPending(): void {
    this.#cancelFlush?.();
    this.#cancelFlush = null;
    if (!this.#pending || this.#pendingBytes === 0) return;
    const data = this.#pending.subarray(0, this.#pendingBytes);
    this.#pendingBytes = 0;
    this.#writeChunk(data);
  }

  #writeChunk(data: Uint8Array): void {
    this.#tail ??= new LogTail(TAIL_BYTES_MAX);
    this.#tail.push(data);
    if (this.#append({ type: "log", offset: this.#logEnd, data })) this.#logEnd += data.length;
    else this.#droppedBytes += data.length;
  }

  #append(body: FrameBody): boolean {
    if (this.#muted) return true;
    // After a failure only the end is tried again: the log keeps no hole.
    if (this.#failed && body.type !== "finished") return false;
    const taken = this.#attempt.append(body, this.#clock.nowMs());
    if (taken) this.#events.appended();
    else if (!this.#failed) {
      this.#failed = true;
      this.#events.spoolFailed();
    }
    return taken;
  }
}
