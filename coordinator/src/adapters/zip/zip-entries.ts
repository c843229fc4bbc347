import { buffer } from "node:stream/consumers";
import { fromRandomAccessReaderPromise, type Entry, type ZipFile } from "yauzl";
import type { BlobStore } from "../../ports/blob-store.ts";
import { BlobReader } from "./blob-reader.ts";

export interface ZipLimits {
  readonly entriesMax: number;
  /** All names together. */
  readonly nameBytesMax: number;
  /** Of one file that is read, unpacked. */
  readonly fileBytesMax: number;
  readonly filesReadMax: number;
  /** What it means when there are more to read. */
  readonly tooManyFiles: string;
}

export const DEFAULT_ZIP_LIMITS: ZipLimits = {
  entriesMax: 100_000,
  nameBytesMax: 16 * 1024 * 1024,
  fileBytesMax: 16 * 1024 * 1024,
  filesReadMax: 8,
  tooManyFiles: "it has more than one .dist-info folder",
};

/** The archive cannot be taken, and the message says why; other errors are the store's. */
class RefusedArchive extends Error {}

const SYMLINK = 0o120_000;
const FILE_TYPE = 0o170_000;

/** Opens a blob as a zip archive; the caller closes it. Throws what the archive or the store has against it. */
export async function openZip(blobs: BlobStore, sha256: string, sizeBytes: number): Promise<ZipFile> {
  return fromRandomAccessReaderPromise(new BlobReader(blobs, sha256, sizeBytes), sizeBytes, {
    autoClose: false,
    strictFileNames: true,
  });
}

/** Every entry, which is added to `all`, too; refuses what installers do not agree on. */
export async function listEntries(
  zip: ZipFile,
  limits: ZipLimits,
  isWanted: (path: string) => boolean,
  all: Entry[] = [],
): Promise<{ entries: { path: string; sizeBytes: number }[]; wanted: Entry[] }> {
  if (zip.entryCount > limits.entriesMax) {
    throw new RefusedArchive(`it has ${zip.entryCount} entries, more than ${limits.entriesMax}`);
  }
  const entries: { path: string; sizeBytes: number }[] = [];
  const wanted: Entry[] = [];
  const seen = new Set<string>();
  let nameBytes = 0;
  for await (const entry of zip.eachEntry()) {
    const path = entry.fileName;
    nameBytes += entry.fileNameLength;
    if (nameBytes > limits.nameBytesMax) {
      throw new RefusedArchive(`the names in it have more than ${limits.nameBytesMax} bytes`);
    }
    if (seen.has(path)) throw new RefusedArchive(`it has ${path} twice`);
    seen.add(path);
    if (entry.isEncrypted()) throw new RefusedArchive(`${path} in it is encrypted`);
    if (((entry.externalFileAttributes >>> 16) & FILE_TYPE) === SYMLINK) {
      throw new RefusedArchive(`${path} in it is a symbolic link`);
    }
    all.push(entry);
    entries.push({ path, sizeBytes: entry.uncompressedSize });
    if (isWanted(path)) wanted.push(entry);
    if (wanted.length > limits.filesReadMax) throw new RefusedArchive(limits.tooManyFiles);
  }
  return { entries, wanted };
}

/** The zip library makes sure that no more bytes come than the directory says. */
export async function readEntry(zip: ZipFile, entry: Entry, { fileBytesMax }: ZipLimits): Promise<Uint8Array> {
  if (entry.uncompressedSize > fileBytesMax) {
    throw new RefusedArchive(`${entry.fileName} in it has ${entry.uncompressedSize} bytes, more than ${fileBytesMax}`);
  }
  return buffer(await zip.openReadStreamPromise(entry));
}

export function reasonOf(cause: unknown): string {
  if (cause instanceof RefusedArchive) return cause.message;
  const message = cause instanceof Error ? cause.message : String(cause);
  return `it is not a readable zip archive: ${message}`;
}
