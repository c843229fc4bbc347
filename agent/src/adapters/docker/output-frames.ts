const HEADER_BYTES = 8;

/**
 * Takes the frames of an attached container apart (Docker Engine API, "Stream
 * format"): eight bytes of header, the last four of them the length, then that
 * much output. Holds no more than an unfinished header; output is handed on as
 * it comes, in parts of the chunks fed.
 */
export class OutputFrames {
  readonly #header = new Uint8Array(HEADER_BYTES);
  #headerBytes = 0;
  #left = 0;

  feed(chunk: Uint8Array): Uint8Array[] {
    const parts: Uint8Array[] = [];
    for (let at = 0; at < chunk.length;) {
      if (this.#left > 0) {
        const part = chunk.subarray(at, at + this.#left);
        parts.push(part);
        at += part.length;
        this.#left -= part.length;
        continue;
      }
      const piece = chunk.subarray(at, at + HEADER_BYTES - this.#headerBytes);
      this.#header.set(piece, this.#headerBytes);
      at += piece.length;
      this.#headerBytes += piece.length;
      if (this.#headerBytes < HEADER_BYTES) continue;
      this.#left = new DataView(this.#header.buffer).getUint32(4);
      this.#headerBytes = 0;
    }
    return parts;
  }
}
