import { parseSpec, type ParsedSpec } from "@kiln/matrix";

const ENTRIES_MAX = 64;

/**
 * Remembers how specs parse. A project sends the same kiln.yaml with every
 * candidate, and parsing is a tenth of the time that a submission takes to its
 * first job. The least recently used is forgotten first.
 */
export class SpecCache {
  readonly #entries = new Map<string, ParsedSpec>();

  parse(text: string, file: string): ParsedSpec {
    const key = `${file}\0${text}`;
    const parsed = this.#entries.get(key) ?? parseSpec(text, file);
    // A spec with mistakes does not come again, and may be as long as the API allows.
    if (!parsed.ok) return parsed;
    this.#entries.delete(key);
    this.#entries.set(key, parsed);
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= ENTRIES_MAX) break;
      this.#entries.delete(oldest);
    }
    return parsed;
  }
}
