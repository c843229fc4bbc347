import { readPolicy, type ReleasePolicy } from "@kiln/gate";
import { parseSpec, type ParsedSpec, type SpecProblem } from "@kiln/matrix";

const ENTRIES_MAX = 64;

type GoodSpec = Extract<ParsedSpec, { readonly ok: true }> & {
  /** By the type of release. */
  readonly policies: Readonly<Record<string, ReleasePolicy>>;
};

export type SubmittedSpec = GoodSpec | { readonly ok: false; readonly problems: readonly SpecProblem[] };

/**
 * Remembers how specs parse. A project sends the same kiln.yaml with every
 * candidate, and parsing is a tenth of the time that a submission takes to its
 * first job. The least recently used is forgotten first.
 */
export class SpecCache {
  readonly #entries = new Map<string, GoodSpec>();

  parse(text: string, file: string): SubmittedSpec {
    const key = `${file}\0${text}`;
    const parsed = this.#entries.get(key) ?? parse(text, file);
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

/** What a spec says of the matrix and its jobs is matrix's to read, what it says of gates is gate's. */
function parse(text: string, file: string): SubmittedSpec {
  const parsed = parseSpec(text, file);
  if (!parsed.ok) return parsed;
  const { gates, waivers, profiles } = parsed.spec;
  const own = Object.fromEntries(Object.entries(profiles).map(([release, profile]) => [release, profile.gates]));
  const read = readPolicy({ gates, waivers, profiles: own });
  if (!read.ok) return { ok: false, problems: read.problems.map((problem) => ({ file, ...problem })) };
  return { ...parsed, policies: read.policies };
}
