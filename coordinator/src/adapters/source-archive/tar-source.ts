import { createHash } from "node:crypto";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { Parser, type ReadEntry } from "tar";
import type { BlobStore } from "../../ports/blob-store.ts";
import type { SourceArchive, SourceDigests, SourceFiles } from "../../ports/source-archive.ts";

/** Of one text. */
const TEXT_BYTES_MAX = 1024 * 1024;
const UNPACKED_BYTES_MAX = 4 * 1024 ** 3;
const ENTRIES_MAX = 200_000;

class RefusedSource extends Error {}

type Refused = SourceFiles & { readonly ok: false };
/** Takes a file of the source, or resumes it. */
type OnFile = (path: string, entry: ReadEntry) => void;

/** Sources as agents take them: a .tar.gz with one folder at its top. Reads it once, to its end, and keeps only what is asked for. */
export function createTarSource(blobs: BlobStore): SourceArchive {
  return {
    async read(source, paths, signal): Promise<SourceFiles> {
      const texts = new Map<string, string>();
      const refused = await readFiles(blobs, source, signal, (path, entry) => {
        if (!paths.has(path) || entry.size > TEXT_BYTES_MAX) return entry.resume();
        const chunks: Buffer[] = [];
        entry.on("data", (chunk: Buffer) => chunks.push(chunk));
        entry.on("end", () => texts.set(path, Buffer.concat(chunks).toString("utf8")));
      });
      return refused ?? { ok: true, texts };
    },

    async digests(source, wants, signal): Promise<SourceDigests> {
      const digests = new Map<string, string>();
      const refused = await readFiles(blobs, source, signal, (path, entry) => {
        if (!wants(path)) return entry.resume();
        const hash = createHash("sha256");
        entry.on("data", (chunk: Buffer) => hash.update(chunk));
        entry.on("end", () => digests.set(path, hash.digest("hex")));
      });
      return refused ?? { ok: true, digests };
    },
  };
}

/** Null when it was read to its end. */
async function readFiles(
  blobs: BlobStore,
  { sha256, sizeBytes }: { readonly sha256: string; readonly sizeBytes: number },
  signal: AbortSignal,
  onFile: OnFile,
): Promise<Refused | null> {
  signal.throwIfAborted();
  if ((await blobs.size(sha256)) !== sizeBytes) return { ok: false, reason: "the source's bytes are no longer here" };
  try {
    await unpack(blobs, sha256, signal, onFile);
    return null;
  } catch (cause) {
    signal.throwIfAborted();
    const reason = cause instanceof RefusedSource ? cause.message : "the source is no readable .tar.gz";
    return { ok: false, reason };
  }
}

async function unpack(blobs: BlobStore, sha256: string, signal: AbortSignal, onFile: OnFile): Promise<void> {
  let entries = 0;
  let unpacked = 0;
  const parser = new Parser({
    strict: true,
    onReadEntry: (entry: ReadEntry) => {
      entries += 1;
      if (entry.type === "File") onFile(pathInSource(entry.path), entry);
      else entry.resume();
    },
  });
  const ended = new Promise<void>((resolve, reject) => {
    parser.on("end", resolve);
    parser.on("error", reject);
  });
  // Settled below; until then a rejection must not count as unhandled.
  ended.catch(() => {});
  await pipeline(
    blobs.read(sha256),
    createGunzip(),
    async (unzipped: AsyncIterable<Buffer>) => {
      for await (const chunk of unzipped) {
        unpacked += chunk.length;
        if (unpacked > UNPACKED_BYTES_MAX) throw new RefusedSource("the source unpacks to more than 4 GiB");
        if (entries > ENTRIES_MAX) throw new RefusedSource(`the source has more than ${ENTRIES_MAX} entries`);
        if (!parser.write(chunk)) await new Promise<void>((resolve) => parser.once("drain", resolve));
      }
      parser.end();
    },
    { signal },
  );
  await ended;
}

/** Without the folder at the top. */
function pathInSource(path: string): string {
  const normal = path.replaceAll("\\", "/").replace(/^(\.\/)+/, "");
  return normal.slice(normal.indexOf("/") + 1);
}
