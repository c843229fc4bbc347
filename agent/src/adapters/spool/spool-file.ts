import { ftruncateSync, writeSync } from "node:fs";
import { attemptKey, type AttemptRef } from "../../domain/attempt-key.ts";
import type { FrameBody } from "../../domain/frame.ts";
import type { ProcessGroup } from "../../ports/executor.ts";
import type { SpooledAttempt } from "../../ports/spool.ts";
import { encodeFrame } from "../wire/encode-frame.ts";
import type { OpenFiles } from "./open-files.ts";
import { readRecords, RECORD_HEADER_BYTES, RECORD_KINDS, sealRecord, type RecordKind } from "./record.ts";

/** What the files of one spool share. */
export interface SpoolShared {
  readonly files: OpenFiles;
  /** Holds the record being written. */
  readonly writeBuffer: Buffer;
  /** Holds the records being read. */
  readonly readBuffer: Buffer;
  /** Called with every change of a file's unacknowledged bytes. */
  changed(bytes: number): void;
  removed(attempt: SpooledAttempt): void;
  writeFailed(path: string, cause: unknown): void;
}

/** What a file was found to hold, for an attempt that is recovered. */
export interface SpoolContents {
  readonly sizeBytes: number;
  readonly lastSeq: number;
  readonly isFinished: boolean;
}

/** A place in the file: where the frames after `seq` begin. */
interface Place {
  readonly seq: number;
  readonly offset: number;
}

const START: Place = { seq: 0, offset: 0 };

/** One attempt's file. */
export class SpoolFile implements SpooledAttempt {
  readonly key: string;
  readonly ref: AttemptRef;
  readonly #path: string;
  readonly #shared: SpoolShared;
  #size: number;
  #lastSeq: number;
  #isFinished: boolean;
  #isRemoved = false;
  /** Where reading goes on. */
  #cursor: Place = START;
  /** Ends of what was read, oldest first, so that an acknowledgement finds its offset. */
  #reads: Place[] = [];
  /** The last known end of what is acknowledged; `#ackedSeq` may be further. */
  #ackedPlace: Place = START;
  #ackedSeq = 0;

  constructor(path: string, ref: AttemptRef, shared: SpoolShared, contents: SpoolContents) {
    this.key = attemptKey(ref);
    this.ref = ref;
    this.#path = path;
    this.#shared = shared;
    this.#size = contents.sizeBytes;
    this.#lastSeq = contents.lastSeq;
    this.#isFinished = contents.isFinished;
    shared.changed(contents.sizeBytes);
  }

  get lastSeq(): number {
    return this.#lastSeq;
  }

  get ackedSeq(): number {
    return this.#ackedSeq;
  }

  get isFinished(): boolean {
    return this.#isFinished;
  }

  get isRemoved(): boolean {
    return this.#isRemoved;
  }

  get nextSeq(): number {
    return this.#cursor.seq + 1;
  }

  append(body: FrameBody, atMs: number): boolean {
    if (this.#isFinished) throw new Error(`attempt ${this.key} has finished: nothing can follow`);
    if (this.#isRemoved) return true;
    const frame = { ref: this.ref, seq: this.#lastSeq + 1, atMs, body };
    const end = encodeFrame(this.#shared.writeBuffer, RECORD_HEADER_BYTES, frame);
    if (!this.#write(RECORD_KINDS.frame, end - RECORD_HEADER_BYTES)) return false;
    this.#lastSeq++;
    this.#isFinished = body.type === "finished";
    return true;
  }

  noteProcessGroup(group: ProcessGroup): void {
    if (!this.#isRemoved) this.writeRecord(RECORD_KINDS.processGroup, Buffer.from(JSON.stringify(group)));
  }

  /** Appends one record that is no frame. */
  writeRecord(kind: RecordKind, payload: Uint8Array): boolean {
    this.#shared.writeBuffer.set(payload, RECORD_HEADER_BYTES);
    return this.#write(kind, payload.length);
  }

  read(bytesMax: number, take: (frame: Uint8Array) => void): number {
    if (this.#isRemoved || this.#cursor.seq >= this.#lastSeq) return 0;
    let given = 0;
    let { seq } = this.#cursor;
    const range = { from: this.#cursor.offset, to: this.#size };
    const offset = readRecords(this.#fd(), range, this.#shared.readBuffer, ({ kind, payload }) => {
      if (kind !== RECORD_KINDS.frame) return true;
      take(payload);
      seq++;
      given += payload.length;
      return given < bytesMax && seq < this.#lastSeq;
    });
    if (given === 0) throw new Error(`${this.#path} is damaged: frame ${seq + 1} cannot be read`);
    this.#cursor = { seq, offset };
    this.#reads.push(this.#cursor);
    return given;
  }

  rewind(nextSeq: number): void {
    if (nextSeq < 1 || nextSeq > this.#lastSeq + 1) throw new RangeError(`attempt ${this.key} has no frame ${nextSeq}`);
    const seq = nextSeq - 1;
    if (seq < this.#ackedPlace.seq) this.#setAckedPlace(START);
    this.#ackedSeq = Math.min(this.#ackedSeq, seq);
    this.#cursor = this.#scanTo(seq);
    this.#reads = [this.#cursor];
  }

  acknowledge(seq: number): boolean {
    const acked = Math.min(seq, this.#lastSeq);
    if (acked > this.#ackedSeq) this.#ackedSeq = acked;
    let reached: Place | undefined;
    while (this.#reads[0] && this.#reads[0].seq <= this.#ackedSeq) reached = this.#reads.shift();
    if (reached && reached.seq > this.#ackedPlace.seq) this.#setAckedPlace(reached);
    return this.#isFinished && this.#ackedSeq === this.#lastSeq;
  }

  remove(): void {
    if (this.#isRemoved) return;
    this.#isRemoved = true;
    this.#shared.changed(this.#ackedPlace.offset - this.#size);
    try {
      this.#shared.files.giveBack(this.#path);
    } catch (cause) {
      this.#shared.writeFailed(this.#path, cause);
    }
    this.#shared.removed(this);
  }

  #fd(): number {
    return this.#shared.files.open(this.#path);
  }

  #write(kind: RecordKind, length: number): boolean {
    const { writeBuffer } = this.#shared;
    sealRecord(writeBuffer, kind, length);
    const bytes = RECORD_HEADER_BYTES + length;
    let written = 0;
    try {
      const fd = this.#size === 0 ? this.#shared.files.create(this.#path) : this.#fd();
      while (written < bytes) written += writeSync(fd, writeBuffer, written, bytes - written);
    } catch (cause) {
      this.#shared.writeFailed(this.#path, cause);
      if (written > 0) this.#cutBack();
      return false;
    }
    this.#size += bytes;
    this.#shared.changed(bytes);
    return true;
  }

  /** Takes a half-written record away, so that the next one is found. */
  #cutBack(): void {
    ftruncateSync(this.#fd(), this.#size);
  }

  #setAckedPlace(place: Place): void {
    this.#shared.changed(this.#ackedPlace.offset - place.offset);
    this.#ackedPlace = place;
  }

  #scanTo(seq: number): Place {
    const from = this.#ackedPlace.seq <= seq ? this.#ackedPlace : START;
    let at = from.seq;
    let offset = from.offset;
    if (at === seq) return from;
    readRecords(this.#fd(), { from: from.offset, to: this.#size }, this.#shared.readBuffer, ({ kind, endOffset }) => {
      if (kind === RECORD_KINDS.frame) at++;
      offset = endOffset;
      return at < seq;
    });
    if (at !== seq) throw new Error(`${this.#path} is damaged: frame ${at + 1} cannot be read`);
    return { seq, offset };
  }
}
