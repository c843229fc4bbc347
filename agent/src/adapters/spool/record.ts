import { readSync } from "node:fs";
import { crc32 } from "node:zlib";

/**
 * The spool's file format: records, one after the other, each
 *
 *     u32 LE  length of the payload
 *     u32 LE  CRC-32 of the kind and the payload
 *     u8      kind
 *     …       payload
 *
 * A process that dies while writing leaves a torn last record, which no reader takes.
 */
export const RECORD_HEADER_BYTES = 9;

/** The largest payload: an assignment is at most one NATS message of 1 MiB. */
export const PAYLOAD_BYTES_MAX = 1024 * 1024 + 4096;

export const RECORD_KINDS = { assignment: 1, frame: 2, processGroup: 3 } as const;
export type RecordKind = (typeof RECORD_KINDS)[keyof typeof RECORD_KINDS];

const CRC_OF_KIND: Readonly<Record<RecordKind, number>> = {
  1: crc32(Uint8Array.of(1)),
  2: crc32(Uint8Array.of(2)),
  3: crc32(Uint8Array.of(3)),
};

/** Completes the record whose payload of `length` bytes already lies behind the header at `buffer[0]`. */
export function sealRecord(buffer: Buffer, kind: RecordKind, length: number): void {
  const payload = buffer.subarray(RECORD_HEADER_BYTES, RECORD_HEADER_BYTES + length);
  buffer.writeUInt32LE(length, 0);
  buffer.writeUInt32LE(crc32(payload, CRC_OF_KIND[kind]), 4);
  buffer[8] = kind;
}

/** One record as a reader sees it; `payload` is valid until the reader goes on. */
export interface RecordView {
  readonly kind: RecordKind;
  readonly payload: Buffer;
  /** Where the next record begins. */
  readonly endOffset: number;
}

/**
 * Reads the records between two offsets of a file, in chunks of `chunk`'s size
 * or of one record where that is larger. Stops at the first record that is torn
 * or damaged, or when `take` returns false; returns where the last record taken ends.
 */
export function readRecords(
  fd: number,
  range: { readonly from: number; readonly to: number },
  chunk: Buffer,
  take: (record: RecordView) => boolean,
): number {
  let taken = range.from;
  let buffer = chunk;
  while (taken < range.to) {
    const length = readFully(fd, buffer.subarray(0, Math.min(buffer.length, range.to - taken)), taken);
    const parsed = parseRecords(buffer.subarray(0, length), taken, take);
    taken = parsed.endOffset;
    if (parsed.stopped) return taken;
    if (parsed.missingBytes > buffer.length) {
      if (parsed.missingBytes > RECORD_HEADER_BYTES + PAYLOAD_BYTES_MAX) return taken;
      buffer = Buffer.allocUnsafe(parsed.missingBytes);
    } else if (parsed.missingBytes > range.to - taken) return taken;
  }
  return taken;
}

interface Parsed {
  readonly endOffset: number;
  readonly stopped: boolean;
  /** Size of the record that begins at `endOffset` and is not whole. */
  readonly missingBytes: number;
}

function parseRecords(bytes: Buffer, offset: number, take: (record: RecordView) => boolean): Parsed {
  let at = 0;
  for (;;) {
    if (bytes.length - at < RECORD_HEADER_BYTES) {
      return { endOffset: offset + at, stopped: false, missingBytes: RECORD_HEADER_BYTES };
    }
    const length = bytes.readUInt32LE(at);
    const end = at + RECORD_HEADER_BYTES + length;
    if (end > bytes.length)
      return { endOffset: offset + at, stopped: false, missingBytes: RECORD_HEADER_BYTES + length };
    const kind = bytes[at + 8];
    const payload = bytes.subarray(at + RECORD_HEADER_BYTES, end);
    if (!isKind(kind) || crc32(payload, CRC_OF_KIND[kind]) !== bytes.readUInt32LE(at + 4)) {
      return { endOffset: offset + at, stopped: true, missingBytes: 0 };
    }
    if (!take({ kind, payload, endOffset: offset + end }))
      return { endOffset: offset + end, stopped: true, missingBytes: 0 };
    at = end;
  }
}

function isKind(value: number | undefined): value is RecordKind {
  return value === 1 || value === 2 || value === 3;
}

function readFully(fd: number, into: Buffer, position: number): number {
  let length = 0;
  while (length < into.length) {
    const read = readSync(fd, into, length, into.length - length, position + length);
    if (read === 0) break;
    length += read;
  }
  return length;
}
