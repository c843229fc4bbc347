import type { agent as wire } from "@kiln/proto";
import type { ResultsCall } from "./results-call.ts";

type Next = IteratorResult<wire.StreamResultsRequest>;

/** The messages of a results stream, one at a time, until the agent or the coordinator ends it. */
export class ResultsRequests {
  readonly #messages: AsyncIterator<wire.StreamResultsRequest>;
  #stopped: Error | null = null;
  #reject: ((error: Error) => void) | null = null;

  constructor(call: ResultsCall) {
    this.#messages = call[Symbol.asyncIterator]();
  }

  /** Throws what the stream was stopped with. One call at a time. */
  next(): Promise<Next> {
    return new Promise((resolve, reject) => {
      if (this.#stopped) return reject(this.#stopped);
      this.#reject = reject;
      return void this.#messages.next().then(resolve, reject);
    });
  }

  /** From now on there is no next message: whoever waits for it, or asks for one, gets this error. */
  stop(error: Error): void {
    this.#stopped ??= error;
    this.#reject?.(error);
  }
}
