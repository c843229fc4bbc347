import { createHash } from "node:crypto";
import type { ArtifactFact, ContentsFact, GateFacts, MetadataFact, SbomFact } from "@kiln/gate";
import { LRUCache } from "lru-cache";
import type { BuiltFile, JobFacts } from "../../domain/verdict/job-facts.ts";
import { contentsOf, metadataOf, sbomsOf } from "../../domain/verdict/wheel-contents.ts";
import { parseDistribution } from "../../domain/staging/distribution-name.ts";
import type { WheelOpener } from "../../ports/wheel-opener.ts";

export interface ArtifactLimits {
  /** Wheels that are opened for one run. */
  readonly wheelsMax: number;
  /** Of all of them, unpacked. */
  readonly hashedBytesMax: number;
}

const ARTIFACT_LIMITS: ArtifactLimits = { wheelsMax: 2_000, hashedBytesMax: 16 * 1024 ** 3 };

/** Wheels of earlier runs are taken again: what was found in them holds for their digest. */
const REMEMBERED_MAX = 2_000;

interface Found {
  readonly contents: ContentsFact;
  readonly metadata: MetadataFact;
  readonly sboms: readonly SbomFact[];
}

/** Looks into the files of a candidate. */
export class ArtifactFacts {
  readonly #wheels: WheelOpener;
  readonly #limits: ArtifactLimits;
  readonly #remembered = new LRUCache<string, Found>({ max: REMEMBERED_MAX });

  constructor(wheels: WheelOpener, limits: ArtifactLimits = ARTIFACT_LIMITS) {
    this.#wheels = wheels;
    this.#limits = limits;
  }

  async collect(
    { built, rendered }: Pick<JobFacts, "built" | "rendered">,
    signal: AbortSignal,
  ): Promise<Pick<GateFacts, "contents" | "metadata" | "sboms">> {
    const distinct = [...new Map(built.map((file) => [`${file.sha256} ${file.file}`, file])).values()];
    const contents: ContentsFact[] = [];
    const metadata: MetadataFact[] = [];
    const sboms: SbomFact[] = [];
    let bytesLeft = this.#limits.hashedBytesMax;
    for (const [index, file] of distinct.entries()) {
      const { sizeBytes: _size, ...artifact } = file;
      if (index >= this.#limits.wheelsMax) {
        contents.push(unread(artifact));
        continue;
      }
      const { found, hashedBytes } = await this.#look(file, artifact, bytesLeft, signal);
      bytesLeft -= hashedBytes;
      contents.push({ ...found.contents, ...artifact });
      const isRendered = rendered.get(file.sha256);
      metadata.push({
        ...found.metadata,
        ...artifact,
        ...(isRendered === undefined ? {} : { readmeRenders: isRendered }),
      });
      sboms.push(...found.sboms.map((sbom) => ({ ...sbom, ...artifact })));
    }
    return { contents, metadata, sboms };
  }

  async #look(
    file: BuiltFile,
    artifact: ArtifactFact,
    hashBytesMax: number,
    signal: AbortSignal,
  ): Promise<{ readonly found: Found; readonly hashedBytes: number }> {
    const key = `${file.sha256} ${file.file}`;
    const known = this.#remembered.get(key);
    if (known) return { found: known, hashedBytes: 0 };
    const opening = await this.#wheels.open(file, { hashBytesMax: Math.max(0, hashBytesMax), signal });
    if (!opening.ok) {
      const contents = { ...unread(artifact), recordProblems: [opening.reason] };
      return { found: { contents, metadata: refused(artifact, opening.reason), sboms: [] }, hashedBytes: 0 };
    }
    const { wheel, hashedBytes } = opening;
    const found = {
      contents: contentsOf(artifact, wheel),
      metadata: metadataOf(artifact, wheel, null),
      sboms: sbomsOf(artifact, wheel),
    };
    if (wheel.digests !== null) this.#remembered.set(key, found);
    return { found, hashedBytes };
  }
}

function unread(artifact: ArtifactFact): ContentsFact {
  const nothing = { topLevels: [], extensions: [], entryPointsBroken: null, rebuildDifferences: null };
  return { ...artifact, ...nothing, recordProblems: null };
}

function refused(artifact: ArtifactFact, reason: string): MetadataFact {
  const nothing = { requiresPython: null, classifiers: [], licenseExpression: null, readmeRenders: null };
  return { ...artifact, ...nothing, problems: [reason] };
}

/** SHA-256 over the digests of all files of a candidate, in the order of their names; null without files. */
export function candidateDigest(artifacts: readonly ArtifactFact[]): string | null {
  if (artifacts.length === 0) return null;
  const lines = new Set(artifacts.map(({ file, sha256, index = "" }) => `${sha256}  ${index}  ${file}\n`));
  const hash = createHash("sha256");
  for (const line of [...lines].sort()) hash.update(line);
  return hash.digest("hex");
}

/** The one version that all wheels have, without the local part that tells variants apart; null when they differ. */
export function versionOfFiles(artifacts: readonly ArtifactFact[]): string | null {
  const versions = new Set(artifacts.map(({ file }) => parseDistribution(file)?.version.split("+", 1)[0] ?? ""));
  const [version] = versions;
  return versions.size === 1 && version !== undefined && version !== "" ? version : null;
}
