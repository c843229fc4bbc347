import { explain } from "@renovatebot/pep440";
import { compareVersions, withoutLocal } from "../pep440/compare-versions.ts";
import type { DistributionFile } from "./coverage-report.ts";
import { parseSdistName, type SdistName } from "./sdist-name.ts";
import { normalName, parseWheelName, type BuildTag, type WheelName } from "./wheel-name.ts";

/** A file with the place of its version among all: a higher rank is a newer version. */
export interface Ranked<File extends DistributionFile> {
  readonly file: File;
  readonly rank: number;
  readonly prerelease: boolean;
}

/** Of the files that share a tag: only these can be taken by it. */
export interface Best<Item> {
  readonly release: Item | null;
  readonly prerelease: Item | null;
}

export interface FileIndex {
  readonly wheels: readonly Ranked<WheelName>[];
  /** By tag, `cp312-cp312-win_amd64`. */
  readonly byTag: ReadonlyMap<string, Best<Ranked<WheelName>>>;
  /** Python and ABI tags, `cp312-cp312`, and platform tags that any wheel has: most of what an installer would take is nowhere. */
  readonly interpreterTags: ReadonlySet<string>;
  readonly platformTags: ReadonlySet<string>;
  readonly sdist: Best<Ranked<SdistName>>;
  /** Public version of the newest release, or of the newest pre-release when there is nothing else; null without files. */
  readonly newest: string | null;
  readonly refused: readonly { readonly file: string; readonly problem: string }[];
}

/**
 * Independent of the order of `names`; a name that is there twice counts once. Files of
 * other projects than `project` are refused; null: than the one that most files are of.
 */
export function indexFiles(names: readonly string[], project: string | null = null): FileIndex {
  const refused = [];
  const read: DistributionFile[] = [];
  for (const name of [...new Set(names)].toSorted()) {
    const result = readName(name);
    if (result.ok) read.push(result.file);
    else refused.push({ file: name, problem: result.problem });
  }
  const own = project === null ? commonProject(read) : normalName(project);
  const files = read.filter(({ name }) => name === own);
  for (const { file, name } of read) if (name !== own) refused.push({ file, problem: `is of ${name}, not of ${own}` });
  const ranked = rankFiles(files);
  const wheels = ranked.filter(isWheel);
  const byTag = new Map<string, Best<Ranked<WheelName>>>();
  for (const wheel of wheels)
    for (const tag of tagsOf(wheel.file)) byTag.set(tag, better(byTag.get(tag) ?? NOTHING, wheel));
  return {
    wheels,
    byTag,
    interpreterTags: new Set([...byTag.keys()].map((tag) => tag.slice(0, tag.lastIndexOf("-")))),
    platformTags: new Set(wheels.flatMap(({ file }) => file.platforms)),
    sdist: ranked.filter(isSdist).reduce(better, NOTHING as Best<Ranked<SdistName>>),
    newest: newestRelease(ranked),
    refused: refused.toSorted((a, b) => (a.file < b.file ? -1 : 1)),
  };
}

/** The first by name, of several that are as common. */
function commonProject(files: readonly DistributionFile[]): string {
  const counts = new Map<string, number>();
  for (const { name } of files) counts.set(name, (counts.get(name) ?? 0) + 1);
  const byCount = [...counts].toSorted(([a, countA], [b, countB]) => countB - countA || (a < b ? -1 : 1));
  return byCount[0]?.[0] ?? "";
}

const NOTHING = { release: null, prerelease: null };

/** Every tag that a wheel has: its compressed sets written out (PEP 425). */
export function tagsOf(wheel: WheelName): readonly string[] {
  return wheel.pythons.flatMap((python) =>
    wheel.abis.flatMap((abi) => wheel.platforms.map((platform) => `${python}-${abi}-${platform}`)),
  );
}

function readName(name: string): { ok: true; file: DistributionFile } | { ok: false; problem: string } {
  if (name.endsWith(".whl")) {
    const read = parseWheelName(name);
    return read.ok ? { ok: true, file: read.wheel } : read;
  }
  const read = parseSdistName(name);
  if (read.ok) return { ok: true, file: read.sdist };
  const other = !name.endsWith(".tar.gz") && !name.endsWith(".zip");
  return other ? { ok: false, problem: "is neither a wheel (.whl) nor a source distribution (.tar.gz)" } : read;
}

/** Spellings of one version share a rank. */
function rankFiles(files: readonly DistributionFile[]): readonly Ranked<DistributionFile>[] {
  const versions = [...new Set(files.map(({ version }) => version))].toSorted(compareVersions);
  const ranks = new Map<string, number>();
  let rank = 0;
  for (const [index, version] of versions.entries()) {
    if (index > 0 && compareVersions(versions[index - 1] ?? version, version) !== 0) rank += 1;
    ranks.set(version, rank);
  }
  return files.map((file) => ({
    file,
    rank: ranks.get(file.version) ?? 0,
    prerelease: explain(file.version)?.is_prerelease ?? false,
  }));
}

function isWheel(item: Ranked<DistributionFile>): item is Ranked<WheelName> {
  return item.file.kind === "wheel";
}

function isSdist(item: Ranked<DistributionFile>): item is Ranked<SdistName> {
  return item.file.kind === "sdist";
}

/** The newer version, then the higher build tag; of two that are equal in both, the first by name. */
function better<File extends DistributionFile>(best: Best<Ranked<File>>, item: Ranked<File>): Best<Ranked<File>> {
  const which = item.prerelease ? "prerelease" : "release";
  const other = best[which];
  const order = other === null ? 1 : item.rank - other.rank || compareBuilds(buildOf(item.file), buildOf(other.file));
  return order > 0 ? { ...best, [which]: item } : best;
}

function buildOf(file: DistributionFile): BuildTag | null {
  return file.kind === "wheel" ? file.build : null;
}

/** PEP 427: none, then by number, then by text. */
function compareBuilds(a: BuildTag | null, b: BuildTag | null): number {
  if (a === null || b === null) return Number(a !== null) - Number(b !== null);
  return a.number - b.number || (a.text < b.text ? -1 : a.text > b.text ? 1 : 0);
}

function newestRelease(files: readonly Ranked<DistributionFile>[]): string | null {
  const releases = files.filter(({ prerelease }) => !prerelease);
  const newest = (releases.length > 0 ? releases : files).toSorted((a, b) => b.rank - a.rank)[0];
  return newest ? withoutLocal(newest.file.version) : null;
}
