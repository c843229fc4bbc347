/** What came of a candidate on one Python, in words that hold for a farm and for pip alone. */
export type OutcomeKind = "works" | "not-allowed" | "does-not-build" | "tests-fail";

export interface Outcome {
  readonly kind: OutcomeKind;
  /**
   * What was built: the wheel's name up to its ABI tag, `msgpack-1.1.0-cp38-cp38`;
   * null where nothing was. The platform is left to whoever repairs wheels.
   */
  readonly wheel: string | null;
  /** How long building, installing and testing took; on a farm without the waiting. */
  readonly seconds: number;
}

/** As the table in docs has it. */
export const OUTCOME_TEXT: Readonly<Record<OutcomeKind, string>> = {
  works: "works",
  "not-allowed": "Requires-Python",
  "does-not-build": "does not build",
  "tests-fail": "its tests fail",
};

/** `msgpack-1.1.0-cp38-cp38` of `msgpack-1.1.0-cp38-cp38-linux_x86_64.whl`. */
export function withoutPlatform(filename: string): string {
  return filename.slice(0, filename.lastIndexOf("-")).toLowerCase();
}
