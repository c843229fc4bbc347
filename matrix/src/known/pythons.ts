/** One CPython that Kiln builds and tests for. */
export interface KnownPython {
  /** Feature version, "3.12" or "3.13t" (free-threaded). */
  readonly feature: string;
  readonly freeThreaded: boolean;
  /** The newest release when the data was taken, "3.12.13"; a pre-release counts as its ".0". */
  readonly newest: string;
  readonly source: string;
}

/** The snapshot that the table was read from. */
const RELEASES = "python/peps release_management/python-releases.toml @ba4deeb79 (2026-08-22)";
/** Free-threaded builds: PEP 703 (experimental, 3.13), PEP 779 (supported, from 3.14). */
const FREE_THREADED = "PEP 703 and PEP 779; pypa/cibuildwheel docs/changelog.md v4.0.0";

const RELEASED: readonly (readonly [feature: string, newest: string])[] = [
  ["3.8", "3.8.20"],
  ["3.9", "3.9.25"],
  ["3.10", "3.10.20"],
  ["3.11", "3.11.15"],
  ["3.12", "3.12.13"],
  ["3.13", "3.13.15"],
  ["3.14", "3.14.7"],
  ["3.15", "3.15.0"],
];

const WITH_FREE_THREADED_BUILD = ["3.13", "3.14", "3.15"];

/** Every CPython that Kiln knows, oldest first, each free-threaded build after its standard one. */
export const KNOWN_PYTHONS: readonly KnownPython[] = RELEASED.flatMap(([feature, newest]) => {
  const standard = { feature, freeThreaded: false, newest, source: RELEASES };
  if (!WITH_FREE_THREADED_BUILD.includes(feature)) return [standard];
  return [standard, { feature: `${feature}t`, freeThreaded: true, newest, source: `${RELEASES}; ${FREE_THREADED}` }];
});

const BY_FEATURE = new Map(KNOWN_PYTHONS.map((python) => [python.feature, python]));

export function knownPython(feature: string): KnownPython | undefined {
  return BY_FEATURE.get(feature);
}

/** "CPython 3.8 to 3.15", for sentences. */
export const KNOWN_RANGE = `CPython ${RELEASED[0]?.[0]} to ${RELEASED.at(-1)?.[0]}`;

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
