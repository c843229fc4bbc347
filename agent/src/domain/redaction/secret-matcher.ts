import { SECRET_BYTES_MIN } from "./secret-forms.ts";

/** Where a secret is: `start` inclusive, `end` exclusive. */
export interface Match {
  readonly start: number;
  readonly end: number;
}

/**
 * Finds any of many strings of bytes: Wu and Manber, "A fast algorithm for
 * multi-pattern searching" (1994), with blocks of two bytes. Most of a text is
 * stepped over five bytes at a time, however many secrets there are.
 */
export class SecretMatcher {
  readonly isEmpty: boolean;
  readonly bytesMax: number;
  /** Longest first, so that of two that begin alike the longer one is found. */
  readonly #forms: readonly Uint8Array[];
  /** By the two bytes that end a window: how far the next one that can match is. */
  readonly #shift: Uint8Array;
  /** Forms by the two bytes that end their own first window. */
  readonly #byBlock = new Map<number, Uint8Array[]>();
  /** By first byte. */
  readonly #byFirst = new Map<number, Uint8Array[]>();

  /** `forms` have SECRET_BYTES_MIN bytes or more each. */
  constructor(forms: readonly Uint8Array[]) {
    this.#forms = forms.toSorted((a, b) => b.length - a.length);
    this.isEmpty = forms.length === 0;
    this.bytesMax = this.#forms[0]?.length ?? 0;
    this.#shift = new Uint8Array(this.isEmpty ? 0 : 65_536).fill(SECRET_BYTES_MIN - 1);
    for (const form of this.#forms) {
      for (let i = 0; i + 1 < SECRET_BYTES_MIN; i++) {
        const block = blockAt(form, i);
        this.#shift[block] = Math.min(this.#shift[block] ?? 0, SECRET_BYTES_MIN - 2 - i);
      }
      append(this.#byBlock, blockAt(form, SECRET_BYTES_MIN - 2), form);
      append(this.#byFirst, form[0] ?? 0, form);
    }
  }

  /** The first secret that begins at `from` or later, and of those that begin there the longest. */
  find(bytes: Uint8Array, from: number): Match | null {
    if (this.isEmpty) return null;
    const shifts = this.#shift;
    const length = bytes.length;
    let end = from + SECRET_BYTES_MIN - 1;
    while (end < length) {
      const block = ((bytes[end - 1] as number) << 8) | (bytes[end] as number);
      const shift = shifts[block] as number;
      if (shift > 0) {
        end += shift;
        continue;
      }
      const start = end - (SECRET_BYTES_MIN - 1);
      for (const form of this.#byBlock.get(block) ?? []) {
        if (isAt(bytes, start, form, form.length)) return { start, end: start + form.length };
      }
      end++;
    }
    return null;
  }

  /** The first place at `from` or later where what is there to the end is the beginning of a secret; the length where none is. */
  unfinished(bytes: Uint8Array, from: number): number {
    for (let start = Math.max(from, bytes.length - this.bytesMax + 1); start < bytes.length; start++) {
      const left = bytes.length - start;
      for (const form of this.#byFirst.get(bytes[start] as number) ?? []) {
        if (form.length <= left) break;
        if (isAt(bytes, start, form, left)) return start;
      }
    }
    return bytes.length;
  }
}

function blockAt(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}

/** Whether the first `count` bytes of `form` are at `start`. */
function isAt(bytes: Uint8Array, start: number, form: Uint8Array, count: number): boolean {
  if (start + count > bytes.length) return false;
  for (let i = 0; i < count; i++) if (bytes[start + i] !== form[i]) return false;
  return true;
}

function append(map: Map<number, Uint8Array[]>, key: number, form: Uint8Array): void {
  const there = map.get(key);
  if (there) there.push(form);
  else map.set(key, [form]);
}
