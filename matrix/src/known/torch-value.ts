import { validRange, validVersion } from "../knowledge/pep440.ts";
import type { Knowledge } from "../knowledge/knowledge.ts";
import { compareVersions } from "../pep440/compare-versions.ts";
import { satisfies } from "../pep440/satisfies.ts";

/**
 * The release that a value of the torch axis means: "2.1" is the newest patch
 * release of 2.1, `latest` the newest release, `latest-3` the newest patch release
 * of the third feature version before the newest. A release, "2.1.2", is taken as
 * it stands even when the data does not know it, for the rules to say so; a local
 * version ("2.1.2+cu118") belongs to the cuda axis. Null for what cannot be resolved.
 */
export function resolveTorch(written: string, knowledge: Knowledge): string | null {
  const word = written.trim().toLowerCase();
  const latest = /^latest(?:-(\d{1,3}))?$/.exec(word);
  if (latest) return newestOfEach(knowledge).at(-1 - Number(latest[1] ?? 0)) ?? null;
  const feature = /^v?(\d{1,3}\.\d{1,3})(?:\.\*)?$/.exec(word)?.[1];
  if (feature !== undefined)
    return knowledge.torchReleases.findLast((release) => release.feature === feature)?.version ?? null;
  return /^v?\d{1,3}\.\d{1,3}\.\d{1,3}((a|b|rc|\.?dev|\.?post)\d{1,8})?$/.test(word) ? word.replace(/^v/, "") : null;
}

/** The newest patch release of every feature version that a PEP 440 specifier set admits, oldest first; [] when it is none. */
export function torchBySpecifier(specifier: string, knowledge: Knowledge): readonly string[] {
  if (!validRange(specifier)) return [];
  const admitted = knowledge.torchReleases.filter(({ version }) => satisfies(version, specifier));
  return [...new Map(admitted.map(({ feature, version }) => [feature, version])).values()];
}

function newestOfEach({ torchReleases }: Knowledge): readonly string[] {
  return [...new Map(torchReleases.map(({ feature, version }) => [feature, version])).values()];
}

/** Order of plans: by PEP 440; what is no version sorts first. */
export function compareTorch(a: string, b: string): number {
  const [validA, validB] = [validVersion(a), validVersion(b)];
  if (validA && validB) return compareVersions(a, b) || (a < b ? -1 : a > b ? 1 : 0);
  return Number(validA) - Number(validB) || (a < b ? -1 : a > b ? 1 : 0);
}
