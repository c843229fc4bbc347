import type { OutcomeKind } from "./outcome.ts";

/** An sdist by others, as a person would submit it. */
export interface Candidate {
  readonly name: string;
  readonly version: string;
  /** What it stands for, as docs/REAL-PACKAGES.md says. */
  readonly kind: string;
  /** Submitted without a kiln.yaml: every Python that the farm has. */
  readonly withoutSpec?: true;
  /** Top-level modules of its wheel. */
  readonly imports: readonly string[];
  /** Which wheel it makes; `native` when absent. */
  readonly wheel?: "native" | "pure" | { readonly abi3: string };
  /** Of the build: less optimisation, so that a test takes seconds. */
  readonly env?: Readonly<Record<string, string>>;
  /** Its own tests, in place of an import. */
  readonly test?: { readonly requires: readonly string[]; readonly folder: string; readonly command: string };
  /** What it should come to, by the minor version of CPython 3; null where nobody has looked. */
  readonly expected: (minor: number) => OutcomeKind | null;
  /** In tests, on the newest Python only: its build takes the time of all others. */
  readonly isSlow?: true;
  /** A program that its build needs beside Python and the compilers; where it is missing, tests pass the candidate over and say so. */
  readonly needs?: string;
}

/** Pythons that were looked at. */
const isKnown = (minor: number): boolean => minor >= 8 && minor <= 13;
const works = (minor: number): OutcomeKind | null => (isKnown(minor) ? "works" : null);

export const CANDIDATES: readonly Candidate[] = [
  {
    name: "markupsafe",
    version: "3.0.2",
    kind: "C",
    withoutSpec: true,
    imports: ["markupsafe"],
    expected: (minor) => (minor < 9 ? "not-allowed" : works(minor)),
  },
  {
    name: "ujson",
    version: "5.10.0",
    kind: "C and C++",
    imports: ["ujson"],
    env: { CFLAGS: "-O0" },
    expected: works,
  },
  {
    name: "orjson",
    version: "3.10.15",
    kind: "Rust, by maturin, with its crates in the sdist",
    imports: ["orjson"],
    env: {
      CARGO_PROFILE_RELEASE_OPT_LEVEL: "0",
      CARGO_PROFILE_RELEASE_LTO: "off",
      CARGO_PROFILE_RELEASE_CODEGEN_UNITS: "16",
    },
    needs: "cargo",
    isSlow: true,
    expected: works,
  },
  {
    name: "idna",
    version: "3.10",
    kind: "pure, by flit",
    imports: ["idna"],
    wheel: "pure",
    expected: works,
  },
  {
    name: "tornado",
    version: "6.4.1",
    kind: "abi3",
    imports: ["tornado"],
    wheel: { abi3: "3.8" },
    expected: works,
  },
  {
    name: "msgpack",
    version: "1.1.0",
    kind: "C, with its tests in the sdist",
    imports: ["msgpack"],
    test: { requires: ["pytest"], folder: "test", command: "python -m pytest -q test" },
    expected: works,
  },
  {
    name: "greenlet",
    version: "3.0.3",
    kind: "C++, from before Python 3.13",
    imports: ["greenlet"],
    env: { CFLAGS: "-O0" },
    expected: (minor) => (minor === 13 ? "does-not-build" : works(minor)),
  },
];

/** The kiln.yaml that goes with it. JSON is YAML. */
export function specOf({ wheel = "native", env = {}, test }: Candidate, pythons: readonly string[]): string {
  const wheels =
    typeof wheel === "string" ? { wheel } : { wheels: [{ name: "stable", kind: "abi3", python: wheel.abi3 }] };
  const command = test ? { requires: test.requires, files: [test.folder], command: test.command } : {};
  return JSON.stringify({ kiln: 1, matrix: { python: pythons }, build: { ...wheels, env }, test: command });
}
