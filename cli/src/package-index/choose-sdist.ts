import { eq, rcompare, valid } from "@renovatebot/pep440";
import { normalName } from "../source/argument.ts";
import type { IndexFile } from "./simple-page.ts";

export type SdistChoice =
  | { readonly kind: "found"; readonly file: IndexFile }
  /** The version is there, as wheels only. */
  | { readonly kind: "only-wheels" }
  /** `versions`: those that have an sdist, newest first, as their files write them. */
  | { readonly kind: "no-such-version"; readonly versions: readonly string[] };

/**
 * The sdist of exactly one version (PEP 440 equality) among a project's
 * files, under its PEP 625 name or one of the older ones; .tar.gz before .zip.
 */
export function chooseSdist(files: readonly IndexFile[], name: string, version: string): SdistChoice {
  const sdists = files.flatMap((file) => {
    const found = sdistVersion(file.filename, name);
    return found === null ? [] : [{ file, version: found }];
  });
  const matching = sdists.filter((sdist) => eq(sdist.version, version)).map(({ file }) => file);
  const best = matching.find((file) => file.filename.endsWith(".tar.gz")) ?? matching[0];
  if (best !== undefined) return { kind: "found", file: best };
  if (files.some((file) => isWheelOf(file.filename, version))) return { kind: "only-wheels" };
  const versions = [...new Set(sdists.map((sdist) => sdist.version))].toSorted(rcompare);
  return { kind: "no-such-version", versions };
}

/**
 * The version in an sdist's file name, or null when it is none of this
 * project. Older names may hold dashes in the name and in the version, so
 * every dash is tried as the one between them.
 */
export function sdistVersion(filename: string, name: string): string | null {
  const stem = /^(.+)(?:\.tar\.gz|\.zip|\.tgz)$/.exec(filename)?.[1];
  if (stem === undefined) return null;
  for (let dash = stem.indexOf("-"); dash !== -1; dash = stem.indexOf("-", dash + 1)) {
    const version = stem.slice(dash + 1);
    if (normalName(stem.slice(0, dash)) === normalName(name) && valid(version) !== null) return version;
  }
  return null;
}

function isWheelOf(filename: string, version: string): boolean {
  const written = filename.endsWith(".whl") ? filename.split("-")[1] : undefined;
  if (written === undefined) return false;
  const found = written.replaceAll("_", "-");
  return valid(found) !== null && eq(found, version);
}
