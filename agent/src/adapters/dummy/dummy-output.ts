import type { ExecutionSink } from "../../ports/executor.ts";

/** Bytes given at a time: a multiple of the length of a line. */
const CHUNK_BYTES = 14 * 4096;

/** Writes a given number of bytes as fast as the sink takes them, in turns of the event loop. */
export class DummyOutput {
  readonly #sink: ExecutionSink;
  readonly #bytes: number;
  readonly #make: (from: number, to: number) => Uint8Array;
  readonly #done: () => void;
  #at = 0;
  #isStopped = false;

  /** `make` returns the bytes between two offsets; `done` is called once, unless stopped. */
  constructor(sink: ExecutionSink, bytes: number, make: (from: number, to: number) => Uint8Array, done: () => void) {
    this.#sink = sink;
    this.#bytes = bytes;
    this.#make = make;
    this.#done = done;
  }

  start(): void {
    setImmediate(() => this.#write());
  }

  stop(): void {
    this.#isStopped = true;
  }

  #write(): void {
    if (this.#isStopped) return;
    if (this.#at >= this.#bytes) return this.#done();
    const end = Math.min(this.#bytes, this.#at + CHUNK_BYTES);
    const mayGoOn = this.#sink.output(this.#make(this.#at, end));
    this.#at = end;
    if (mayGoOn) this.start();
    else this.#sink.drained(() => this.start());
  }
}
