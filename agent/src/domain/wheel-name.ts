import { eq, valid } from "@renovatebot/pep440";
import type { Candidate } from "./job.ts";

/** What a wheel's file name says. */
export interface WheelName {
  /** As the file name spells it: dashes of the name are underscores there. */
  readonly name: string;
  readonly version: string;
}

/** Splits `name-version(-build)?-python-abi-platform.whl` (PEP 427); null when the name is none. */
export function parseWheelName(filename: string): WheelName | null {
  const match = /^([^-/\\]+)-([^-/\\]+)(?:-\d[^-/\\]*)?-[^-/\\]+-[^-/\\]+-[^-/\\]+\.whl$/.exec(filename);
  const [, name, version] = match ?? [];
  return name && version ? { name, version } : null;
}

/** The normal form of a project's name (PEP 503). */
export function normalName(name: string): string {
  return name.replace(/[-_.]+/g, "-").toLowerCase();
}

/** Whether two versions are the same under PEP 440 ("1.0" and "1.0.0" are); texts that are no versions compare as text. */
export function sameVersion(a: string, b: string): boolean {
  const [left, right] = [a.trim(), b.trim()];
  return valid(left) !== null && valid(right) !== null ? eq(left, right) : a === b;
}

/** A sentence on how a wheel's name or version differs from the candidate's; null when they agree. */
export function wheelMismatch(filename: string, candidate: Candidate): string | null {
  const wheel = parseWheelName(filename);
  if (!wheel) return `the build made ${filename}, which is not the name of a wheel`;
  const made = `${normalName(wheel.name)} ${wheel.version}`;
  const expected = `${normalName(candidate.name)}${candidate.version === null ? "" : ` ${candidate.version}`}`;
  if (normalName(wheel.name) !== normalName(candidate.name)) {
    return `the build made ${made}, but the candidate is ${expected}: their names differ`;
  }
  if (candidate.version !== null && !sameVersion(wheel.version, candidate.version)) {
    return `the build made ${made}, but the candidate is ${expected}: their versions differ`;
  }
  return null;
}
