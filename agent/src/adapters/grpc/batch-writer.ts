import type { FrameBatch } from "../../ports/coordinator.ts";
import { varint, varintLength } from "../wire/varint.ts";

/** Room before the frames for the tags and lengths of the two messages around them. */
const HEADER_BYTES_MAX = 12;
const FIRST_BYTES = 512 * 1024;

/** `StreamResultsRequest.frames`, `FrameBatch.frames`: field 2 and field 1, both with a length. */
const REQUEST_TAG = 0x12;
const FRAME_TAG = 0x0a;

/**
 * Puts encoded frames together to an encoded `kiln.v1.StreamResultsRequest`
 * without decoding them. One buffer serves all batches.
 */
export class BatchWriter implements FrameBatch {
  #buffer = Buffer.allocUnsafe(FIRST_BYTES);
  #end = HEADER_BYTES_MAX;

  get bytes(): number {
    return this.#end - HEADER_BYTES_MAX;
  }

  clear(): void {
    this.#end = HEADER_BYTES_MAX;
  }

  add(frame: Uint8Array): void {
    const needed = this.#end + 6 + frame.length;
    if (needed > this.#buffer.length) this.#grow(needed);
    this.#buffer[this.#end++] = FRAME_TAG;
    this.#end = varint(this.#buffer, this.#end, frame.length);
    this.#buffer.set(frame, this.#end);
    this.#end += frame.length;
  }

  /** The message, in memory of its own. */
  message(): Buffer {
    const header = 1 + varintLength(this.bytes);
    const start = HEADER_BYTES_MAX - header;
    this.#buffer[start] = REQUEST_TAG;
    varint(this.#buffer, start + 1, this.bytes);
    return Buffer.from(this.#buffer.subarray(start, this.#end));
  }

  #grow(needed: number): void {
    const larger = Buffer.allocUnsafe(Math.max(needed, this.#buffer.length * 2));
    this.#buffer.copy(larger, 0, 0, this.#end);
    this.#buffer = larger;
  }
}
