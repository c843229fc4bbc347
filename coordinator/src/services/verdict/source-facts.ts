import { readVersionPlace, type FactSources, type GateFacts } from "@kiln/gate";
import type { SourceArchive } from "../../ports/source-archive.ts";

const CHANGELOG = "CHANGELOG.md";

/** What the source says: the changelog, and the places of the version. */
export async function sourceFacts(
  archive: SourceArchive,
  source: { readonly sha256: string; readonly sizeBytes: number },
  { changelog = CHANGELOG, versionPlaces = [] }: FactSources,
  signal: AbortSignal,
): Promise<Pick<GateFacts, "changelog" | "versionPlaces" | "absent">> {
  const read = await archive.read(source, new Set([changelog, ...versionPlaces.map(({ file }) => file)]), signal);
  if (!read.ok) return { absent: { changelog: read.reason, versionPlaces: read.reason } };
  const text = read.texts.get(changelog);
  const places = versionPlaces.map((place) => readVersionPlace(place, read.texts.get(place.file) ?? null));
  if (text === undefined) {
    return { versionPlaces: places, absent: { changelog: `the source has no ${changelog} of at most 1 MiB` } };
  }
  return { versionPlaces: places, changelog: { file: changelog, text } };
}
