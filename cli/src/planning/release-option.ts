import type { ReleaseType } from "@kiln/matrix";
import { usageError } from "../program/cli-error.ts";

/** Release types, spelled here so that a help text does not load the matrix. */
const RELEASES = ["patch", "minor", "major", "hotfix"] as const satisfies readonly ReleaseType[];

export const RELEASE_OPTION = ["--release <type>", `the spec's profile to use: ${RELEASES.join(", ")}`] as const;

/** The value of `--release`, or null when it was not given. */
export function parseRelease(text: string | undefined): ReleaseType | null {
  if (text === undefined) return null;
  const release = RELEASES.find((each) => each === text);
  if (release !== undefined) return release;
  throw usageError(`--release ${text} is not a type of release.`, `Write one of: ${RELEASES.join(", ")}.`);
}
