import { explain } from "@renovatebot/pep440";

/** A release of the package index that is wanted as the baseline. */
export interface IndexBaseline {
  readonly kind: "index";
  /** null: the newest below the candidate. */
  readonly version: string | null;
  /** What its file has to have, since it was measured before; null: anything. */
  readonly sha256: string | null;
}

/** What pip is asked for; null when the candidate's version is none (PEP 440), and so nothing is known to be below it. */
export function baselineRequirement(
  candidate: { readonly name: string; readonly version: string },
  { version }: Pick<IndexBaseline, "version">,
): string | null {
  if (version !== null) return `${candidate.name}==${version}`;
  const known = explain(candidate.version);
  if (!known) return null;
  // A bound that is itself a pre-release would admit pre-releases (PEP 440, "Exclusive ordered comparison").
  const post = known.pre === null && known.post !== null ? `.post${String(known.post)}` : "";
  return `${candidate.name}<${known.base_version}${post}`;
}

export type FileChoice =
  | { readonly kind: "take" }
  /** This version instead, which is of the candidate's own variant. */
  | { readonly kind: "ask"; readonly version: string }
  | { readonly kind: "refuse"; readonly reason: string };

/** Whether a file that pip chose is one to compare with: local versions tell the variants of one release apart. */
export function chooseFile(
  found: string,
  candidate: string,
  { version: wanted }: Pick<IndexBaseline, "version">,
): FileChoice {
  const [file, own] = [explain(found), explain(candidate)];
  if (!file) return { kind: "refuse", reason: `its ${found} is no version (PEP 440)` };
  if (wanted === null && file.is_prerelease) {
    return { kind: "refuse", reason: `its newest below ${candidate} is ${found}, which is a pre-release` };
  }
  const isExact = wanted !== null && explain(wanted)?.local != null;
  const [local, ownLocal] = [file.local, own?.local ?? null];
  if (isExact || local === null || ownLocal === null || local === ownLocal) return { kind: "take" };
  return { kind: "ask", version: `${file.public}+${ownLocal}` };
}

/** Whether pip found nothing that fits, as its output says. */
export function isNothingFound(output: string): boolean {
  return /Could not find a version that satisfies the requirement|No matching distribution found/.test(output);
}

/** What pip, asked to tell all (`-vv`), says of an index in which it found nothing. */
export interface IndexAnswer {
  /** What kept it from seeing a page of the index, other than that there is none; null: nothing did. */
  readonly refusal: string | null;
  /** Every page was asked for and none is there. */
  readonly unknownProject: boolean;
  /** Of wheels that would do but for their version; bounded. */
  readonly versions: readonly string[];
}

const VERSIONS_MAX = 8;
const REFUSAL_CHARS_MAX = 200;

export function readIndexAnswer(output: string): IndexAnswer {
  const failures = [...output.matchAll(/Could not fetch URL \S+: (.+?)(?: for url: \S+)? - skipping/g)].map(
    ([, why = ""]) => why,
  );
  const refusal = failures.find((why) => !why.startsWith("404 ")) ?? null;
  // pip also skips the address of the page itself, as no file.
  const sawPage = /Fetched page |Found link |Skipping link: (?!not a file: )/.test(output);
  const listed = [...output.matchAll(/\(from versions: ([^)]*)\)/g)].at(-1)?.[1] ?? "none";
  return {
    refusal: refusal === null ? null : refusal.slice(0, REFUSAL_CHARS_MAX).toWellFormed(),
    unknownProject: failures.length > 0 && refusal === null && !sawPage,
    versions: listed === "none" || listed === "" ? [] : listed.split(", ").slice(-VERSIONS_MAX),
  };
}
