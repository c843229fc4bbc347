import { SECRET_BYTES_MIN } from "./secret-forms.ts";
import type { SecretMatcher } from "./secret-matcher.ts";

/** What stands in place of a secret. */
export const REDACTED = "***";
const REDACTED_BYTES = new TextEncoder().encode(REDACTED);
const NOTHING = new Uint8Array();

/**
 * Takes secrets out of output as it comes, in pieces of any size. Held back is
 * only an end that may be the beginning of a secret, so a line that is complete is
 * passed on at once. What comes out does not depend on how the output was cut,
 * except where `flush` is called.
 */
export class Redactor {
  /** Asked for each piece: secrets may become known while a job runs. */
  readonly #matcher: () => SecretMatcher;
  readonly #emit: (bytes: Uint8Array) => void;
  /** The beginning of a secret, perhaps: its first #shown bytes were passed on already, or stand as `***`. */
  #held: Uint8Array = NOTHING;
  #shown = 0;

  /** `emit` gets parts of the bytes that are pushed: it copies what it keeps. */
  constructor(matcher: () => SecretMatcher, emit: (bytes: Uint8Array) => void) {
    this.#matcher = matcher;
    this.#emit = emit;
  }

  push(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    const matcher = this.#matcher();
    const text = this.#held.length === 0 ? bytes : concat(this.#held, bytes);
    let from = 0;
    let unfinished = matcher.unfinished(text, from);
    // What may become a longer secret is not judged by a shorter one that it begins with.
    for (let match = matcher.find(text, 0); match && match.start < unfinished; match = matcher.find(text, from)) {
      this.#pass(text, Math.max(from, this.#shown), match.start);
      this.#emit(REDACTED_BYTES);
      from = match.end;
      if (from > unfinished) unfinished = matcher.unfinished(text, from);
    }
    this.#pass(text, Math.max(from, this.#shown), unfinished);
    // A copy: the piece is the caller's.
    this.#held = unfinished === text.length ? NOTHING : text.slice(unfinished);
    this.#shown = Math.max(0, this.#shown - unfinished);
  }

  /**
   * Passes on what is held back, because something else is recorded next. As much as could give a secret away is
   * redacted, and if the rest of the secret follows all the same, that rest is.
   */
  flush(): void {
    const rest = this.#held.length - this.#shown;
    if (rest <= 0) return;
    if (this.#held.length < SECRET_BYTES_MIN) this.#emit(this.#held.subarray(this.#shown));
    else this.#emit(REDACTED_BYTES);
    this.#shown = this.#held.length;
  }

  #pass(text: Uint8Array, start: number, end: number): void {
    if (start < end) this.#emit(text.subarray(start, end));
  }
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array {
  const joined = new Uint8Array(a.length + b.length);
  joined.set(a);
  joined.set(b, a.length);
  return joined;
}
