import { CliError } from "../program/cli-error.ts";

export interface LogTime {
  readonly offset: number;
  readonly atMs: number;
}

/** What GET …/log/times says: `next` is where to ask on from, or null. */
export interface TimesPage {
  readonly times: readonly LogTime[];
  readonly next: number | null;
}

const NEWLINE = 0x0a;

/** Puts the time at which a line came, ISO 8601 and a space, before each line of a log that comes in pieces. */
export class LineTimes {
  readonly #fetch: (from: number) => Promise<TimesPage>;
  #times: readonly LogTime[] = [];
  /** Times are known up to this byte. */
  #knownTo = -1;
  #isLineStart = true;

  /** `fetch` asks for the times from a byte on. */
  constructor(fetch: (from: number) => Promise<TimesPage>) {
    this.#fetch = fetch;
  }

  /** `offset` is where in the log the bytes are; pieces come in order. */
  async stamp(offset: number, bytes: Buffer): Promise<Buffer> {
    const end = offset + bytes.length;
    await this.#learn(offset, end);
    const parts: Buffer[] = [];
    let entry = 0;
    for (let at = 0; at < bytes.length;) {
      if (this.#isLineStart) {
        while ((this.#times[entry + 1]?.offset ?? Infinity) <= offset + at) entry++;
        parts.push(Buffer.from(`${new Date(this.#times[entry]?.atMs ?? 0).toISOString()} `));
      }
      const newline = bytes.indexOf(NEWLINE, at);
      this.#isLineStart = newline >= 0;
      const next = newline < 0 ? bytes.length : newline + 1;
      parts.push(bytes.subarray(at, next));
      at = next;
    }
    return Buffer.concat(parts);
  }

  async #learn(offset: number, end: number): Promise<void> {
    const current = this.#times.findLastIndex((time) => time.offset <= offset);
    let times = current > 0 ? this.#times.slice(current) : [...this.#times];
    while (this.#knownTo < end) {
      const { times: found, next } = await this.#fetch(Math.max(offset, this.#knownTo));
      const last = times.at(-1)?.offset ?? -1;
      times = [...times, ...found.filter((time) => time.offset > last)];
      // A live log may have gained entries behind these by the time the next piece comes.
      this.#knownTo = next ?? end;
    }
    if (times.length === 0) {
      throw new CliError("Nobody noted when this log came.", { advice: "Print it without --timestamps." });
    }
    this.#times = times;
  }
}
