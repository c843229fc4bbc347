import { normalVersion } from "../pep440/compare-versions.ts";
import { nameDeviations, normalName, versionProblem } from "./wheel-name.ts";

/** What the name of a source distribution says. */
export interface SdistName {
  readonly kind: "sdist";
  readonly file: string;
  /** Of the project, normalised (PEP 503). */
  readonly name: string;
  /** Normalised (PEP 440). */
  readonly version: string;
  /** What is not as PEP 625 writes it, though installers take it: phrases. */
  readonly deviations: readonly string[];
}

export type ParsedSdistName =
  | { readonly ok: true; readonly sdist: SdistName }
  | { readonly ok: false; readonly file: string; readonly problem: string };

/**
 * Reads a file name after PEP 625: `{name}-{version}.tar.gz`. What older tools wrote
 * and pip and uv still take is read too, with a deviation: hyphens, dots and capital
 * letters in the name, and `.zip`. The version is what follows the last hyphen.
 */
export function parseSdistName(file: string): ParsedSdistName {
  const refuse = (problem: string): ParsedSdistName => ({ ok: false, file, problem });
  const [, stem, extension] = /^(.*)(\.tar\.gz|\.zip)$/s.exec(file) ?? [];
  if (stem === undefined || extension === undefined) return refuse("does not end with .tar.gz");
  const hyphen = stem.lastIndexOf("-");
  if (hyphen === -1) return refuse("has no hyphen between a name and a version");
  const [name, version] = [stem.slice(0, hyphen), stem.slice(hyphen + 1)];
  if (name === "") return refuse("has no project name");
  if (!/^[a-z0-9]([a-z0-9._-]*[a-z0-9])?$/i.test(name)) return refuse(`has a project name that is none: ${name}`);
  const problem = versionProblem(version);
  if (problem !== null) return refuse(problem);
  const deviations = [
    ...nameDeviations(name, version),
    ...(extension === ".tar.gz" ? [] : [`it ends with ${extension}, not .tar.gz`]),
  ];
  const sdist = { kind: "sdist" as const, file, name: normalName(name), version: normalVersion(version), deviations };
  return { ok: true, sdist };
}
