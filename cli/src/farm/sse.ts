/** One event of a text/event-stream (WHATWG HTML, "Server-sent events"). */
export interface SseEvent {
  readonly id: string;
  readonly event: string;
  readonly data: string;
}

/**
 * Splits a text/event-stream into its events. An event that the connection
 * cut in the middle is not given: it comes again after the reconnect.
 */
export class SseParser {
  readonly #decoder = new TextDecoder();
  #rest = "";
  #id = "";
  #event = "";
  #data: string[] = [];
  readonly #eventCharsMax: number;

  /** `eventCharsMax`: longest event taken; more than that throws. */
  constructor(eventCharsMax = 4 * 1024 * 1024) {
    this.#eventCharsMax = eventCharsMax;
  }

  /** Takes the next bytes and gives the events that they complete. */
  push(chunk: Uint8Array): readonly SseEvent[] {
    this.#rest += this.#decoder.decode(chunk, { stream: true });
    const events: SseEvent[] = [];
    for (;;) {
      const end = this.#rest.search(/\r\n|\n|\r(?=[^])/);
      if (end === -1) break;
      const lineEnd = this.#rest.startsWith("\r\n", end) ? end + 2 : end + 1;
      const event = this.#line(this.#rest.slice(0, end));
      this.#rest = this.#rest.slice(lineEnd);
      if (event !== null) events.push(event);
    }
    if (this.#rest.length > this.#eventCharsMax) throw new Error("an event of the stream is too long");
    return events;
  }

  #line(line: string): SseEvent | null {
    if (line === "") return this.#dispatch();
    if (line.startsWith(":")) return null;
    const colon = line.indexOf(":");
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "id" && !value.includes("\0")) this.#id = value;
    else if (field === "event") this.#event = value;
    else if (field === "data") this.#data.push(value);
    return null;
  }

  #dispatch(): SseEvent | null {
    const event = { id: this.#id, event: this.#event || "message", data: this.#data.join("\n") };
    const empty = this.#data.length === 0;
    this.#event = "";
    this.#data = [];
    return empty ? null : event;
  }
}
