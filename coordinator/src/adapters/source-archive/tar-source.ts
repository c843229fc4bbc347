import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { Parser, type ReadEntry } from "tar";
import type { BlobStore } from "../../ports/blob-store.ts";
import type { SourceArchive, SourceFiles } from "../../ports/source-archive.ts";

/** Of one text. */
const TEXT_BYTES_MAX = 1024 * 1024;
const UNPACKED_BYTES_MAX = 4 * 1024 ** 3;
const ENTRIES_MAX = 200_000;

class RefusedSource extends Error {}

/** Sources as agents take them: a .tar.gz with one folder at its top. Reads it once, to its end, and keeps only what is asked for. */
export function createTarSource(blobs: BlobStore): SourceArchive {
  return {
    async read({ sha256, sizeBytes }, paths, signal): Promise<SourceFiles> {
      signal.throwIfAborted();
      if ((await blobs.size(sha256)) !== sizeBytes)
        return { ok: false, reason: "the source's bytes are no longer here" };
      const texts = new Map<string, string>();
      try {
        await readTexts(blobs, sha256, paths, texts, signal);
        return { ok: true, texts };
      } catch (cause) {
        signal.throwIfAborted();
        const reason = cause instanceof RefusedSource ? cause.message : "the source is no readable .tar.gz";
        return { ok: false, reason };
      }
    },
  };
}

async function readTexts(
  blobs: BlobStore,
  sha256: string,
  paths: ReadonlySet<string>,
  texts: Map<string, string>,
  signal: AbortSignal,
): Promise<void> {
  let entries = 0;
  let unpacked = 0;
  const parser = new Parser({
    strict: true,
    onReadEntry: (entry: ReadEntry) => {
      entries += 1;
      const path = pathInSource(entry.path);
      if (entry.type !== "File" || !paths.has(path) || entry.size > TEXT_BYTES_MAX) {
        entry.resume();
        return;
      }
      const chunks: Buffer[] = [];
      entry.on("data", (chunk: Buffer) => chunks.push(chunk));
      entry.on("end", () => texts.set(path, Buffer.concat(chunks).toString("utf8")));
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
