import { KNOWLEDGE } from "../knowledge/knowledge.ts";

/** One CPython that Kiln builds and tests for. */
export interface KnownPython {
  /** Feature version, "3.12" or "3.13t" (free-threaded). */
  readonly feature: string;
  readonly freeThreaded: boolean;
  /** The newest release when the data was taken, "3.12.13"; a pre-release counts as its ".0". */
  readonly newest: string;
  readonly source: string;
}

/** Agents run nothing older. */
const OLDEST = "3.8";

/** Those that Kiln's agents can run and whose ABI is frozen: a wheel that is built for them stays good. */
const RELEASED = KNOWLEDGE.pythons.filter(
  ({ version, abiFrozen }) => abiFrozen && comparePythons(version, OLDEST) >= 0,
);

/** Every CPython that Kiln knows, oldest first, each free-threaded build after its standard one. */
export const KNOWN_PYTHONS: readonly KnownPython[] = RELEASED.flatMap(({ version, newest, freeThreaded, citation }) => {
  const python = { feature: version, newest: newest ?? `${version}.0`, source: citation.source };
  const standard = { ...python, freeThreaded: false };
  return freeThreaded ? [standard, { ...python, feature: `${version}t`, freeThreaded: true }] : [standard];
});

const BY_FEATURE = new Map(KNOWN_PYTHONS.map((python) => [python.feature, python]));

export function knownPython(feature: string): KnownPython | undefined {
  return BY_FEATURE.get(feature);
}

/** "CPython 3.8 to 3.15", for sentences. */
export const KNOWN_RANGE = `CPython ${RELEASED[0]?.version} to ${RELEASED.at(-1)?.version}`;

/** Order of plans: by version, a free-threaded build after its standard one. */
export function comparePythons(a: string, b: string): number {
  const [majorA, minorA, restA] = parts(a);
  const [majorB, minorB, restB] = parts(b);
  return majorA - majorB || minorA - minorB || (restA < restB ? -1 : restA > restB ? 1 : 0);
}

/** What is no feature version sorts first, by its text. */
function parts(feature: string): readonly [major: number, minor: number, rest: string] {
  const match = /^(\d{1,4})\.(\d{1,4})(t?)$/.exec(feature);
  return match ? [Number(match[1]), Number(match[2]), match[3] ?? ""] : [-1, -1, feature];
}
