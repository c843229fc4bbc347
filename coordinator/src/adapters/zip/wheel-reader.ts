import { buffer } from "node:stream/consumers";
import { fromRandomAccessReaderPromise, type Entry, type ZipFile } from "yauzl";
import type { BlobStore } from "../../ports/blob-store.ts";
import type { ReadWheel, WheelReader } from "../../ports/wheel-reader.ts";
import { BlobReader } from "./blob-reader.ts";

export interface ZipLimits {
  readonly entriesMax: number;
  /** All names together. */
  readonly nameBytesMax: number;
  /** Of one file that is read, unpacked. */
  readonly fileBytesMax: number;
  readonly filesReadMax: number;
}

export const DEFAULT_ZIP_LIMITS: ZipLimits = {
  entriesMax: 100_000,
  nameBytesMax: 16 * 1024 * 1024,
  fileBytesMax: 16 * 1024 * 1024,
  filesReadMax: 8,
};

/** The archive cannot be taken, and the message says why; other errors are the store's. */
class RefusedArchive extends Error {}

const SYMLINK = 0o120_000;
const FILE_TYPE = 0o170_000;

/** Reads wheels by their zip's central directory, as installers do, without unpacking what is not asked for. */
export function createZipWheelReader(blobs: BlobStore, limits: ZipLimits = DEFAULT_ZIP_LIMITS): WheelReader {
  return {
    async read(sha256, sizeBytes, isWanted): Promise<ReadWheel> {
      // Whether the blob can be read at all: what goes wrong after that is the archive's doing.
      if ((await blobs.size(sha256)) !== sizeBytes)
        throw new Error(`the blob ${sha256} does not have ${sizeBytes} bytes`);
      let zip: ZipFile | null = null;
      try {
        zip = await fromRandomAccessReaderPromise(new BlobReader(blobs, sha256, sizeBytes), sizeBytes, {
          autoClose: false,
          strictFileNames: true,
        });
        const { entries, wanted } = await listEntries(zip, limits, isWanted);
        const files = new Map<string, Uint8Array>();
        for (const entry of wanted) files.set(entry.fileName, await readEntry(zip, entry, limits));
        return { ok: true, contents: { entries, archiveBytes: sizeBytes, files } };
      } catch (cause) {
        return { ok: false, reason: reasonOf(cause) };
      } finally {
        zip?.close();
      }
    },
  };
}

async function listEntries(
  zip: ZipFile,
  limits: ZipLimits,
  isWanted: (path: string) => boolean,
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
    entries.push({ path, sizeBytes: entry.uncompressedSize });
    if (isWanted(path)) wanted.push(entry);
    if (wanted.length > limits.filesReadMax) throw new RefusedArchive("it has more than one .dist-info folder");
  }
  return { entries, wanted };
}

/** The zip library makes sure that no more bytes come than the directory says. */
async function readEntry(zip: ZipFile, entry: Entry, { fileBytesMax }: ZipLimits): Promise<Uint8Array> {
  if (entry.uncompressedSize > fileBytesMax) {
    throw new RefusedArchive(`${entry.fileName} in it has ${entry.uncompressedSize} bytes, more than ${fileBytesMax}`);
  }
  return buffer(await zip.openReadStreamPromise(entry));
}

function reasonOf(cause: unknown): string {
  if (cause instanceof RefusedArchive) return cause.message;
  const message = cause instanceof Error ? cause.message : String(cause);
  return `it is not a readable zip archive: ${message}`;
}
