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

/** What compiles into kernels, or is included where they are. */
const KERNEL_SOURCE = /\.(?:cu|cuh|cpp|cxx|cc|c|hpp|hxx|hh|h|hip|ptx|inl)$/i;

/** The kernels' sources that differ from those of the release before: changed, new and gone ones, by name. */
export async function changedKernelSources(
  archive: SourceArchive,
  source: { readonly sha256: string; readonly sizeBytes: number },
  before: { readonly version: string; readonly source: { readonly sha256: string; readonly sizeBytes: number } } | null,
  signal: AbortSignal,
): Promise<Pick<GateFacts, "changedKernelSources" | "absent">> {
  const absent = (reason: string) => ({ absent: { changedKernelSources: reason } });
  if (!before) return absent("the farm has no earlier release that passed to compare its sources with");
  const wants = (path: string): boolean => KERNEL_SOURCE.test(path);
  const own = await archive.digests(source, wants, signal);
  if (!own.ok) return absent(own.reason);
  const old = await archive.digests(before.source, wants, signal);
  if (!old.ok) return absent(`of ${before.version}, ${old.reason}`);
  const paths = new Set([...own.digests.keys(), ...old.digests.keys()]);
  const changed = [...paths].filter((path) => own.digests.get(path) !== old.digests.get(path));
  return { changedKernelSources: changed.sort() };
}
