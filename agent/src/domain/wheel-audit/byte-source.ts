/** Bytes that are read in any order, such as a file. */
export interface ByteSource {
  readonly sizeBytes: number;
  /** Exactly `length` bytes; is asked only for what lies inside. */
  read(offset: number, length: number): Uint8Array;
}

/** A file is not what its first bytes say; the message says where. The only error that the readers of this folder throw. */
export class BinaryFault extends Error {}

/** Numbers and texts read before a file is given up: the largest libraries take a hundredth of it. */
const READS_MAX = 4_000_000;
/** Of a name in a file. */
const TEXT_BYTES_MAX = 1_024;

export function bytesSource(bytes: Uint8Array): ByteSource {
  return { sizeBytes: bytes.length, read: (offset, length) => bytes.subarray(offset, offset + length) };
}

/** Reads numbers and texts of a source, never beyond its end and never without end. */
export class BinaryView {
  readonly sizeBytes: number;
  /** Whether numbers of several bytes begin with the lowest. */
  isLittleEndian = true;
  readonly #source: ByteSource;
  #readsLeft = READS_MAX;

  constructor(source: ByteSource) {
    this.#source = source;
    this.sizeBytes = source.sizeBytes;
  }

  u8(at: number): number {
    return this.#at(at, 1).getUint8(0);
  }

  u16(at: number): number {
    return this.#at(at, 2).getUint16(0, this.isLittleEndian);
  }

  u32(at: number): number {
    return this.#at(at, 4).getUint32(0, this.isLittleEndian);
  }

  /** A number of 64 bits that counts or points inside the file; larger ones are a fault. */
  u64(at: number): number {
    const value = this.u64OrNull(at);
    if (value === null) throw new BinaryFault(`the number at ${at} is beyond any file`);
    return value;
  }

  /** A number of 64 bits; null when it is larger than any that counts or points inside a file. */
  u64OrNull(at: number): number | null {
    const value = this.#at(at, 8).getBigUint64(0, this.isLittleEndian);
    return value > BigInt(Number.MAX_SAFE_INTEGER) ? null : Number(value);
  }

  /** The text from `at` to the next zero byte, which must come within a kilobyte. */
  text(at: number): string {
    const length = Math.min(TEXT_BYTES_MAX, this.sizeBytes - at);
    const bytes = this.bytes(at, length);
    const end = bytes.indexOf(0);
    if (end < 0) throw new BinaryFault(`the text at ${at} has no end`);
    return decode(bytes.subarray(0, end));
  }

  /** The text of a field of a fixed length, up to its first zero byte or the end of the file. */
  field(at: number, length: number): string {
    const bytes = this.bytes(at, Math.min(length, this.sizeBytes - at));
    const end = bytes.indexOf(0);
    return decode(end < 0 ? bytes : bytes.subarray(0, end));
  }

  bytes(at: number, length: number): Uint8Array {
    if (!Number.isSafeInteger(at) || at < 0 || length < 0 || at + length > this.sizeBytes) {
      throw new BinaryFault(`it points to ${at}, outside of its ${this.sizeBytes} bytes`);
    }
    if (--this.#readsLeft < 0) throw new BinaryFault(`it takes more than ${READS_MAX} reads to understand`);
    return this.#source.read(at, length);
  }

  #at(at: number, length: number): DataView {
    const bytes = this.bytes(at, length);
    return new DataView(bytes.buffer, bytes.byteOffset, length);
  }
}

/** Names in binaries are bytes; what is not ASCII is shown as a mark, for they end in reports. */
function decode(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : "\u{fffd}";
  return text;
}
