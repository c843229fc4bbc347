import { closeSync, fstatSync, ftruncateSync, mkdirSync, openSync, readdirSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { fromBinary } from "@bufbuild/protobuf";
import { results } from "@kiln/proto";
import { attemptKey, parseAttemptKey, type AttemptRef } from "../../domain/attempt-key.ts";
import type { ProcessGroup } from "../../ports/executor.ts";
import type { Log } from "../../ports/log.ts";
import type { LeftAttempt, Spool, SpooledAttempt } from "../../ports/spool.ts";
import { OpenFiles } from "./open-files.ts";
import { PAYLOAD_BYTES_MAX, readRecords, RECORD_HEADER_BYTES, RECORD_KINDS } from "./record.ts";
import { SpoolFile, type SpoolContents, type SpoolShared } from "./spool-file.ts";

const SUFFIX = ".spool";
const OPEN_FILES_MAX = 256;
const READ_CHUNK_BYTES = 384 * 1024;
/** Writers wait from the limit on until this part of it is left. */
const DRAINED_FRACTION = 0.9;

export interface OpenedSpool {
  readonly spool: DiskSpool;
  /** What an earlier process left, in the order of runs and jobs. */
  readonly left: readonly LeftAttempt[];
}

/**
 * Opens the spool in a folder, made when missing. Files are cut back to their
 * last whole record; those that do not even hold their assignment are removed.
 * Nothing is synced to the disk: what is written survives this process, not a
 * loss of power, after which the coordinator's leases run out.
 */
export function openSpool(folder: string, unacknowledgedBytesMax: number, log: Log): OpenedSpool {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const spool = new DiskSpool(folder, unacknowledgedBytesMax, log);
  const refs = readdirSync(folder)
    .map((name) => (name.endsWith(SUFFIX) ? parseAttemptKey(name.slice(0, -SUFFIX.length)) : null))
    .filter((ref) => ref !== null)
    .sort((a, b) => a.run - b.run || a.job - b.job || a.attempt - b.attempt);
  const left = refs.map((ref) => spool.recover(ref)).filter((attempt) => attempt !== null);
  return { spool, left };
}

export class DiskSpool implements Spool, Disposable {
  readonly #folder: string;
  readonly #bytesMax: number;
  readonly #files = new OpenFiles(OPEN_FILES_MAX);
  readonly #attempts = new Map<string, SpooledAttempt>();
  readonly #shared: SpoolShared;
  #unacknowledgedBytes = 0;
  #waiting: (() => void)[] = [];

  constructor(folder: string, unacknowledgedBytesMax: number, log: Log) {
    this.#folder = folder;
    this.#bytesMax = unacknowledgedBytesMax;
    this.#shared = {
      files: this.#files,
      writeBuffer: Buffer.allocUnsafe(RECORD_HEADER_BYTES + PAYLOAD_BYTES_MAX),
      readBuffer: Buffer.allocUnsafe(READ_CHUNK_BYTES),
      changed: (bytes) => this.#changed(bytes),
      removed: ({ key }) => this.#attempts.delete(key),
      writeFailed: (path, cause) => log.error({ err: cause, path }, "the spool could not be written"),
    };
  }

  get size(): number {
    return this.#attempts.size;
  }

  get unacknowledgedBytes(): number {
    return this.#unacknowledgedBytes;
  }

  get isFull(): boolean {
    return this.#unacknowledgedBytes >= this.#bytesMax;
  }

  attempts(): IterableIterator<SpooledAttempt> {
    return this.#attempts.values();
  }

  find(key: string): SpooledAttempt | undefined {
    return this.#attempts.get(key);
  }

  drained(listener: () => void): void {
    if (this.isFull) this.#waiting.push(listener);
    else listener();
  }

  create(ref: AttemptRef, assignment: Uint8Array): SpooledAttempt | null {
    const key = attemptKey(ref);
    if (this.#attempts.has(key)) throw new Error(`attempt ${key} is already in the spool`);
    if (assignment.length > PAYLOAD_BYTES_MAX) return null;
    const attempt = new SpoolFile(this.#path(ref), ref, this.#shared, { sizeBytes: 0, lastSeq: 0, isFinished: false });
    if (!attempt.writeRecord(RECORD_KINDS.assignment, assignment)) {
      attempt.remove();
      return null;
    }
    this.#attempts.set(key, attempt);
    return attempt;
  }

  /** Takes over a file of an earlier process; null when it holds nothing of use and was removed. */
  recover(ref: AttemptRef): LeftAttempt | null {
    const path = this.#path(ref);
    const found = inspect(path, this.#shared.readBuffer);
    if (!found) {
      unlinkSync(path);
      return null;
    }
    const attempt = new SpoolFile(path, ref, this.#shared, found.contents);
    this.#attempts.set(attempt.key, attempt);
    return { attempt, groups: found.groups };
  }

  [Symbol.dispose](): void {
    this.#files.closeAll();
  }

  #path(ref: AttemptRef): string {
    return join(this.#folder, attemptKey(ref) + SUFFIX);
  }

  #changed(bytes: number): void {
    this.#unacknowledgedBytes += bytes;
    if (this.#waiting.length === 0 || this.#unacknowledgedBytes > this.#bytesMax * DRAINED_FRACTION) return;
    const listeners = this.#waiting;
    this.#waiting = [];
    for (const listener of listeners) listener();
  }
}

/** Reads a whole file and cuts off its torn end; null when it does not begin with an assignment. */
function inspect(path: string, chunk: Buffer): { contents: SpoolContents; groups: ProcessGroup[] } | null {
  const fd = openSync(path, "r+");
  try {
    let records = 0;
    let begins = false;
    let lastSeq = 0;
    let lastFrame: Buffer = Buffer.alloc(0);
    const groups: ProcessGroup[] = [];
    const { size } = fstatSync(fd);
    const sizeBytes = readRecords(fd, { from: 0, to: size }, chunk, ({ kind, payload }) => {
      if (records++ === 0) begins = kind === RECORD_KINDS.assignment;
      if (kind === RECORD_KINDS.frame) {
        lastSeq++;
        // Only `finished` matters, and that is never a large frame.
        lastFrame = payload.length <= 32 * 1024 ? Buffer.from(payload) : Buffer.alloc(0);
      } else if (kind === RECORD_KINDS.processGroup) groups.push(JSON.parse(payload.toString()) as ProcessGroup);
      return begins;
    });
    if (!begins) return null;
    if (sizeBytes < size) ftruncateSync(fd, sizeBytes);
    const isFinished =
      lastFrame.length > 0 && fromBinary(results.ResultFrameSchema, lastFrame).body.case === "finished";
    return { contents: { sizeBytes, lastSeq, isFinished }, groups };
  } finally {
    closeSync(fd);
  }
}
