import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { Parser, type ReadEntry } from "tar";
import { CliError, errorMessage } from "../program/cli-error.ts";
import { ENTRIES_MAX, isWanted, normalPath, UNPACKED_BYTES_MAX, WANTED_BYTES_MAX } from "./archive-limits.ts";

/**
 * Reads the wanted small files of a .tar.gz in one pass, holding nothing else
 * in memory. Throws a CliError when it is not a tar.gz, or unpacks to more than the limits.
 */
export async function readTarFiles(path: string): Promise<ReadonlyMap<string, string>> {
  const texts = new Map<string, string>();
  let entries = 0;
  let unpacked = 0;
  const limit = (what: string): CliError => new CliError(`${path} is refused: it has more than ${what}.`);
  const parser = new Parser({
    strict: true,
    onReadEntry: (entry: ReadEntry) => {
      entries += 1;
      const wanted = entry.type === "File" && isWanted(entry.path);
      if (!wanted || entry.size > WANTED_BYTES_MAX) {
        entry.resume();
        return;
      }
      const chunks: Buffer[] = [];
      entry.on("data", (chunk: Buffer) => chunks.push(chunk));
      entry.on("end", () => texts.set(normalPath(entry.path), Buffer.concat(chunks).toString("utf8")));
    },
  });
  const ended = new Promise<void>((resolve, reject) => {
    parser.on("end", resolve);
    parser.on("error", reject);
  });
  // Settled below; until then a rejection must not count as unhandled.
  ended.catch(() => {});
  try {
    await pipeline(createReadStream(path), createGunzip(), async (unzipped: AsyncIterable<Buffer>) => {
      for await (const chunk of unzipped) {
        unpacked += chunk.length;
        if (unpacked > UNPACKED_BYTES_MAX) throw limit(`${UNPACKED_BYTES_MAX / 1024 ** 3} GiB when unpacked`);
        if (entries > ENTRIES_MAX) throw limit(`${ENTRIES_MAX} entries`);
        if (!parser.write(chunk)) await new Promise<void>((resolve) => parser.once("drain", resolve));
      }
      parser.end();
    });
    await ended;
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw new CliError(`${path} is not a readable .tar.gz: ${errorMessage(error)}.`, { cause: error });
  }
  return texts;
}
