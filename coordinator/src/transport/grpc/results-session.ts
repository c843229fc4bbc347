import { create } from "@bufbuild/protobuf";
import { agent as wire } from "@kiln/proto";
import { attemptId, type AttemptKey } from "../../domain/attempt-key.ts";
import type { AttemptFrames, Ingest, ResultsPeer } from "../../services/ingest.ts";
import { BadMessageError } from "./bad-message.ts";
import { parseFrame, parseKey } from "./parse-frame.ts";
import type { ResultsCall } from "./results-call.ts";
import type { ResultsRequests } from "./results-requests.ts";

/** Attempts that one hello may list. */
const HELLO_ATTEMPTS_MAX = 100_000;

/**
 * One agent's results stream, from its hello to its end. Frames are read one
 * batch at a time, so a slow disk holds the agent back through HTTP/2's flow
 * control; acknowledgements of one turn of the event loop go out together.
 */
export class ResultsSession implements ResultsPeer {
  readonly agentId: string;
  readonly #call: ResultsCall;
  readonly #refused: (key: AttemptKey, reason: string) => void;
  readonly #acks = new Map<string, wire.Ack>();
  #sending = false;
  #ended = false;

  /** `refused` hears of attempts that the agent spoke of and does not hold. */
  constructor(agentId: string, call: ResultsCall, refused: (key: AttemptKey, reason: string) => void) {
    this.agentId = agentId;
    this.#call = call;
    this.#refused = refused;
  }

  /** Reads until the agent ends the stream. Throws what `Ingest.accept` and parsing throw. */
  async run(hello: wire.Hello, requests: ResultsRequests, ingest: Ingest): Promise<void> {
    if (hello.attempts.length > HELLO_ATTEMPTS_MAX)
      throw new BadMessageError(`more than ${HELLO_ATTEMPTS_MAX} attempts`);
    const resumed = await ingest.resume(this, hello.attempts.map(parseKey));
    const resume = resumed.map(({ key, seq }) => create(wire.AckSchema, { attempt: key, seq }));
    this.#send({ case: "welcome", value: create(wire.WelcomeSchema, { resume }) });
    for (let next = await requests.next(); !next.done; next = await requests.next()) {
      const { message } = next.value;
      if (message.case !== "frames") throw new BadMessageError("after the hello only frames may follow");
      await ingest.accept(this, groupByAttempt(message.value));
    }
  }

  /** Nothing is sent any more. */
  end(): void {
    this.#ended = true;
  }

  ack(key: AttemptKey, seq: number): void {
    this.#acks.set(attemptId(key), create(wire.AckSchema, { attempt: key, seq }));
    if (this.#sending) return;
    this.#sending = true;
    setImmediate(() => {
      this.#sending = false;
      const acks = [...this.#acks.values()];
      this.#acks.clear();
      this.#send({ case: "acks", value: create(wire.AcksSchema, { acks }) });
    });
  }

  refuse(key: AttemptKey, reason: string): void {
    this.#refused(key, reason);
    this.#send({ case: "refused", value: create(wire.RefusedSchema, { attempt: key, reason }) });
  }

  #send(message: wire.StreamResultsResponse["message"]): void {
    if (this.#ended || !this.#call.writable) return;
    this.#call.write(create(wire.StreamResultsResponseSchema, { message }));
  }
}

/** Neighbouring frames of one attempt become one group; the order within each attempt is kept. */
function groupByAttempt(batch: wire.FrameBatch): readonly AttemptFrames[] {
  const groups = new Map<string, { key: AttemptKey; frames: AttemptFrames["frames"][number][] }>();
  for (const frame of batch.frames) {
    const key = parseKey(frame.attempt);
    const id = attemptId(key);
    const group = groups.get(id);
    if (group) group.frames.push(parseFrame(frame));
    else groups.set(id, { key, frames: [parseFrame(frame)] });
  }
  return [...groups.values()];
}
