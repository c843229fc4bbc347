import { createHash } from "node:crypto";
import type { Entry, ZipFile } from "yauzl";
import { isWantedForFacts } from "../../domain/verdict/wheel-contents.ts";
import type { BlobStore } from "../../ports/blob-store.ts";
import type { WheelOpener, WheelOpening } from "../../ports/wheel-opener.ts";
import { DEFAULT_ZIP_LIMITS, listEntries, openZip, readEntry, reasonOf, type ZipLimits } from "./zip-entries.ts";

const LIMITS: ZipLimits = {
  ...DEFAULT_ZIP_LIMITS,
  filesReadMax: 40,
  tooManyFiles: "it has more than 40 files of metadata and SBOMs",
};

/** Opens wheels that are blobs by their zip's central directory. */
export function createZipWheelOpener(blobs: BlobStore): WheelOpener {
  return {
    async open({ sha256, sizeBytes }, { hashBytesMax, signal }): Promise<WheelOpening> {
      signal.throwIfAborted();
      if ((await blobs.size(sha256)) !== sizeBytes) return { ok: false, reason: "its bytes are no longer here" };
      let zip: ZipFile | null = null;
      try {
        zip = await openZip(blobs, sha256, sizeBytes);
        const all: Entry[] = [];
        const { wanted } = await listEntries(zip, LIMITS, isWantedForFacts, all);
        const entries = all.filter(({ fileName }) => !fileName.endsWith("/"));
        const files = new Map<string, Uint8Array>();
        for (const entry of wanted) files.set(entry.fileName, await readEntry(zip, entry, LIMITS));
        const unpackedBytes = entries.reduce((sum, { uncompressedSize }) => sum + uncompressedSize, 0);
        const isHashed = unpackedBytes <= hashBytesMax;
        const digests = isHashed ? await digestsOf(zip, entries, signal) : null;
        const wheel = { paths: entries.map(({ fileName }) => fileName), files, digests };
        return { ok: true, wheel, hashedBytes: isHashed ? unpackedBytes : 0 };
      } catch (cause) {
        signal.throwIfAborted();
        return { ok: false, reason: reasonOf(cause) };
      } finally {
        zip?.close();
      }
    },
  };
}

/** As RECORD writes them: urlsafe base64 without padding. */
async function digestsOf(
  zip: ZipFile,
  entries: readonly Entry[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const digests = new Map<string, string>();
  for (const entry of entries) {
    const hash = createHash("sha256");
    // The zip library makes sure that no more bytes come than the directory says.
    for await (const bytes of await zip.openReadStreamPromise(entry)) {
      signal.throwIfAborted();
      hash.update(bytes as Uint8Array);
    }
    digests.set(entry.fileName, hash.digest("base64url"));
  }
  return digests;
}
