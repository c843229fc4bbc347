import type { ZipFile } from "yauzl";
import type { BlobStore } from "../../ports/blob-store.ts";
import type { ReadWheel, WheelReader } from "../../ports/wheel-reader.ts";
import { DEFAULT_ZIP_LIMITS, listEntries, openZip, readEntry, reasonOf, type ZipLimits } from "./zip-entries.ts";

/** Reads wheels by their zip's central directory, as installers do, without unpacking what is not asked for. */
export function createZipWheelReader(blobs: BlobStore, limits: ZipLimits = DEFAULT_ZIP_LIMITS): WheelReader {
  return {
    async read(sha256, sizeBytes, isWanted): Promise<ReadWheel> {
      // Whether the blob can be read at all: what goes wrong after that is the archive's doing.
      if ((await blobs.size(sha256)) !== sizeBytes)
        throw new Error(`the blob ${sha256} does not have ${sizeBytes} bytes`);
      let zip: ZipFile | null = null;
      try {
        zip = await openZip(blobs, sha256, sizeBytes);
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
