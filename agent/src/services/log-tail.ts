const FIRST_BYTES = 4 * 1024;

/** The last bytes of a log, in a buffer that grows only as far as it is needed. */
export class LogTail {
  readonly #bytesMax: number;
  #bytes: Buffer = Buffer.alloc(0);
  #length = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Copies the bytes. */
  push(bytes: Uint8Array): void {
    const fresh = bytes.length > this.#bytesMax ? bytes.subarray(bytes.length - this.#bytesMax) : bytes;
    if (this.#length + fresh.length > this.#bytes.length) this.#makeRoom(fresh.length);
    this.#bytes.set(fresh, this.#length);
    this.#length += fresh.length;
  }

  clear(): void {
    this.#length = 0;
  }

  /** Decoded; a character cut in two at the beginning shows as a replacement character. */
  text(): string {
    return this.#bytes.toString("utf8", Math.max(0, this.#length - this.#bytesMax), this.#length);
  }

  /** The buffer is twice the limit at most, so that moving bytes stays rare. */
  #makeRoom(bytes: number): void {
    const kept = Math.min(this.#length, this.#bytesMax - Math.min(bytes, this.#bytesMax));
    const needed = kept + bytes;
    const capacity = Math.max(this.#bytes.length, FIRST_BYTES);
    let size = capacity;
    while (size < needed || (size < this.#bytesMax * 2 && size < this.#length + bytes)) size *= 2;
    const target = size > this.#bytes.length ? Buffer.allocUnsafe(size) : this.#bytes;
    this.#bytes.copy(target, 0, this.#length - kept, this.#length);
    this.#bytes = target;
    this.#length = kept;
  }
}
