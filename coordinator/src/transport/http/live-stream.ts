import type { OutgoingHttpHeaders, ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import type { FastifyReply } from "fastify";
import type { Metrics } from "../../ports/metrics.ts";
import type { HttpLimitName, HttpLimits } from "./limits.ts";
import { HttpProblem } from "./problem.ts";

/**
 * A response that is written as things happen. Whoever writes waits until the
 * reader has taken it, so a slow reader holds one piece in memory and no more.
 */
export class LiveStream {
  readonly #raw: ServerResponse;
  readonly #idleTimeoutMs: number;
  readonly #closed = new AbortController();
  readonly #settled: () => void;
  #changed = false;
  #resume: () => void = () => {};

  constructor(
    raw: ServerResponse,
    status: number,
    headers: OutgoingHttpHeaders,
    idleTimeoutMs: number,
    settled: () => void,
  ) {
    this.#raw = raw;
    this.#idleTimeoutMs = idleTimeoutMs;
    this.#settled = settled;
    raw.once("close", () => this.#settle());
    raw.on("error", () => {});
    raw.writeHead(status, { ...headers, "X-Content-Type-Options": "nosniff" });
    raw.flushHeaders();
    // Silence is no failure here; a reader that takes nothing is: see `write`.
    raw.socket?.setTimeout(0);
  }

  get isClosed(): boolean {
    return this.#closed.signal.aborted;
  }

  /** Says that there may be something new. May be called from anywhere at any time. */
  readonly notify = (): void => {
    this.#changed = true;
    this.#resume();
  };

  /** Call before looking: what changes from here on ends the next `changed()`. */
  beginLookup(): void {
    this.#changed = false;
  }

  /** Resolves when there was a `notify` after the last `beginLookup`, or the stream is closed. */
  async changed(): Promise<void> {
    while (!this.#changed && !this.isClosed) {
      await new Promise<void>((resolve) => (this.#resume = resolve));
    }
  }

  /** Resolves after `ms`, or when the stream is closed. */
  async pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.#closed.signal }).catch(() => {});
  }

  /** Resolves when the reader has taken enough for more to be written, or the stream is closed. */
  async write(bytes: string | Uint8Array): Promise<void> {
    if (this.isClosed || this.#raw.write(bytes)) return;
    const socket = this.#raw.socket;
    socket?.setTimeout(this.#idleTimeoutMs);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#raw.once("drain", resolve);
    this.#closed.signal.addEventListener("abort", () => resolve(), { once: true });
    await promise;
    socket?.setTimeout(0);
  }

  /** Writes only if nothing waits to be taken. */
  writeIfDrained(text: string): void {
    if (!this.isClosed && !this.#raw.writableNeedDrain) this.#raw.write(text);
  }

  /** The reader has everything. */
  end(): void {
    this.#raw.end();
    this.#settle();
  }

  /** The reader shall notice that something is missing. */
  break(): void {
    this.#raw.destroy();
    this.#settle();
  }

  /** The server is closing: a stream of unknown length ends, one that promised a length must not seem complete. */
  interrupt(): void {
    if (this.#raw.hasHeader("Content-Length")) this.break();
    else this.end();
  }

  #settle(): void {
    if (this.isClosed) return;
    this.#closed.abort();
    this.#resume();
    this.#settled();
  }
}

interface StreamLimit {
  readonly name: HttpLimitName;
  readonly max: number;
}

type Counts = Pick<Metrics, "limitReached">;

/** The live streams of one kind, up to a limit. */
export class LiveStreams {
  readonly #open = new Set<LiveStream>();
  readonly #limit: StreamLimit;
  readonly #metrics: Counts;
  readonly #idleTimeoutMs: number;

  constructor(limit: StreamLimit, limits: Pick<HttpLimits, "idleTimeoutMs">, metrics: Counts) {
    this.#limit = limit;
    this.#metrics = metrics;
    this.#idleTimeoutMs = limits.idleTimeoutMs;
  }

  /** Takes the response over from Fastify. Throws the problem `too-many-streams` at the limit. */
  open(reply: FastifyReply, headers: OutgoingHttpHeaders, status = 200): LiveStream {
    const { name, max } = this.#limit;
    if (this.#open.size >= max) {
      this.#metrics.limitReached(name);
      throw new HttpProblem("too-many-streams", `${max} are open (limit ${name}); close some, or try again later`, {
        headers: { "Retry-After": "5" },
      });
    }
    reply.hijack();
    const stream = new LiveStream(reply.raw, status, headers, this.#idleTimeoutMs, () => this.#open.delete(stream));
    this.#open.add(stream);
    return stream;
  }

  /** For the server's end: readers reconnect and go on where they were. */
  closeAll(): void {
    for (const stream of this.#open) stream.interrupt();
  }
}
