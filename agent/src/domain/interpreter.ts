/** One CPython that jobs can use. */
export interface Interpreter {
  /** Feature version as the matrix writes it: "3.12", "3.13t". */
  readonly feature: string;
  /** "3.12.1" */
  readonly version: string;
  /** Absolute path of the executable. */
  readonly path: string;
  readonly foundBy: PythonSource;
  /** Platform in the matrix's terms, for example "linux-x86_64". */
  readonly platform: string;
  /** Absolute path of the pip wheel that its ensurepip carries. */
  readonly pipWheel: string;
}

export type PythonSource = "path" | "pyenv" | "uv" | "py-launcher" | "image";

/** The interpreter to run a feature version with: the newest patch release, then the one found first. */
export function pickInterpreter(interpreters: readonly Interpreter[], feature: string): Interpreter | null {
  let best: Interpreter | null = null;
  for (const candidate of interpreters) {
    if (candidate.feature !== feature) continue;
    if (!best || compareReleases(candidate.version, best.version) > 0) best = candidate;
  }
  return best;
}

/** Compares "3.12.10" with "3.12.9" by number; anything after the third number is ignored. */
function compareReleases(a: string, b: string): number {
  const [left, right] = [a, b].map((text) => (text.match(/\d+/g) ?? []).slice(0, 3).map(Number));
  for (let i = 0; i < 3; i++) {
    const difference = (left?.[i] ?? 0) - (right?.[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
