import { eq, valid } from "@renovatebot/pep440";
import { parseCoreMetadata, type CoreMetadata } from "./core-metadata.ts";
import type { Distribution } from "./distribution-name.ts";
import { isProjectName, normalName } from "./project-name.ts";
import { parseRecord, type RecordedFiles } from "./record.ts";

/** What was read out of a wheel's zip. */
export interface WheelContents {
  /** Every entry, directories (with a `/` at the end) included. */
  readonly entries: readonly { readonly path: string; readonly sizeBytes: number }[];
  readonly archiveBytes: number;
  /** The entries for which `isWanted` holds. */
  readonly files: ReadonlyMap<string, Uint8Array>;
}

export type WheelCheck =
  | { readonly ok: true; readonly metadata: CoreMetadata; readonly metadataFile: Uint8Array }
  | { readonly ok: false; readonly reason: string };

/** Beyond this much, a wheel may not unpack to more than UNPACKED_RATIO_MAX times its size. */
const UNPACKED_BYTES_FREE = 64 * 1024 * 1024;
const UNPACKED_RATIO_MAX = 50;
/** Files of .dist-info that sign RECORD and so cannot be in it. */
const UNRECORDED = /\/RECORD(?:\.jws|\.p7s)?$/;

/** Whether the check needs an entry's bytes. */
export function isWanted(path: string): boolean {
  return /^[^/]+\.dist-info\/(?:METADATA|RECORD)$/.test(path);
}

/**
 * Whether a wheel is what its name says, in a way that installers and indexes
 * agree on: one .dist-info of the file's project and version, METADATA of the
 * same, and a RECORD that lists exactly the files that are there (an installer
 * reads one or the other).
 */
export function checkWheel(distribution: Distribution, contents: WheelContents): WheelCheck {
  const refused = (reason: string): WheelCheck => ({ ok: false, reason });
  const bomb = explosion(contents);
  if (bomb !== null) return refused(bomb);

  const folders = new Set(contents.entries.flatMap(({ path }) => /^([^/]+\.dist-info)\//.exec(path)?.[1] ?? []));
  const [folder] = folders;
  if (folder === undefined || folders.size !== 1) {
    return refused(`it has ${folders.size === 0 ? "no" : folders.size} .dist-info folders where there must be one`);
  }
  if (!isNamedFor(folder, distribution)) return refused(`its ${folder} is not that of its file name`);

  const metadataFile = contents.files.get(`${folder}/METADATA`);
  if (!metadataFile) return refused(`it has no ${folder}/METADATA`);
  const parsed = parseCoreMetadata(new TextDecoder().decode(metadataFile));
  if (!parsed.ok) return parsed;
  const { name, version } = parsed.metadata;
  if (normalName(name) !== distribution.project || !isSameVersion(version, distribution.version)) {
    return refused(`its METADATA says ${clipped(`${name} ${version}`)}, its file name something else`);
  }

  const recordFile = contents.files.get(`${folder}/RECORD`);
  if (!recordFile) return refused(`it has no ${folder}/RECORD`);
  const record = parseRecord(new TextDecoder().decode(recordFile));
  const lie = typeof record === "string" ? record : firstLie(record, contents, folder);
  return lie === null ? { ok: true, metadata: parsed.metadata, metadataFile } : refused(clipped(lie));
}

function explosion({ entries, archiveBytes }: WheelContents): string | null {
  const unpackedBytes = entries.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  if (unpackedBytes <= Math.max(UNPACKED_BYTES_FREE, archiveBytes * UNPACKED_RATIO_MAX)) return null;
  return `it would unpack to ${unpackedBytes} bytes, more than ${UNPACKED_RATIO_MAX} times its size`;
}

function isNamedFor(folder: string, { project, version }: Distribution): boolean {
  const stem = folder.slice(0, -".dist-info".length);
  const dash = stem.indexOf("-");
  const [name, written] = [stem.slice(0, dash), stem.slice(dash + 1).replaceAll("_", "-")];
  return isProjectName(name) && normalName(name) === project && isSameVersion(written, version);
}

function isSameVersion(a: string, b: string): boolean {
  return valid(a) !== null && valid(b) !== null && eq(a, b);
}

function firstLie(record: RecordedFiles, { entries }: WheelContents, folder: string): string | null {
  const files = new Map(entries.filter(({ path }) => !path.endsWith("/")).map((file) => [file.path, file.sizeBytes]));
  for (const [path, sizeBytes] of files) {
    if (path.startsWith(`${folder}/`) && UNRECORDED.test(path)) continue;
    const recorded = record.get(path);
    if (recorded === undefined) return `it has ${path}, which its RECORD does not list`;
    if (recorded !== null && recorded !== sizeBytes) {
      return `${path} has ${sizeBytes} bytes, its RECORD says ${recorded}`;
    }
  }
  for (const path of record.keys()) {
    if (!files.has(path)) return `its RECORD lists ${path}, which it does not have`;
  }
  return null;
}

function clipped(text: string): string {
  return text.length > 300 ? `${text.slice(0, 300)}…` : text;
}
