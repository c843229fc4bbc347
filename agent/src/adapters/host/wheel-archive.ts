import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import type { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { openPromise, type Entry, type ZipFile } from "yauzl";
import type { WheelFacts } from "../../domain/wheel-audit/audit-wheel.ts";
import { BinaryFault } from "../../domain/wheel-audit/byte-source.ts";
import { BINARY_HEAD_BYTES, isBinary, readBinary } from "../../domain/wheel-audit/read-binary.ts";
import {
  parseRecordHashes,
  RECORD_ALGORITHMS,
  recordLie,
  unhashed,
  type ArchivedFile,
  type RecordedFile,
} from "../../domain/wheel-audit/record-hashes.ts";
import { FileSource } from "./file-source.ts";

export interface ArchiveLimits {
  readonly entriesMax: number;
  /** All names together. */
  readonly nameBytesMax: number;
  /** Of RECORD. */
  readonly recordBytesMax: number;
  /** It may always unpack to this much … */
  readonly unpackedBytesFree: number;
  /** … and beyond it to this many times its size, … */
  readonly unpackedRatioMax: number;
  /** … but never to more. */
  readonly unpackedBytesMax: number;
}

/** The coordinator takes no more onto an index. */
export const ARCHIVE_LIMITS: ArchiveLimits = {
  entriesMax: 100_000,
  nameBytesMax: 16 * 1024 ** 2,
  recordBytesMax: 16 * 1024 ** 2,
  unpackedBytesFree: 64 * 1024 ** 2,
  unpackedRatioMax: 50,
  unpackedBytesMax: 16 * 1024 ** 3,
};

/** The archive cannot be taken, and the message says why. */
class RefusedArchive extends Error {}

type Refused = { readonly ok: false; readonly message: string };
export type ReadWheel = { readonly ok: true; readonly facts: WheelFacts } | Refused;

const SYMLINK = 0o120_000;
const FILE_TYPE = 0o170_000;

/**
 * Reads a wheel: every file is compared with RECORD, and what begins as a binary
 * is understood. `scratch` is the path of a file that is written and overwritten:
 * binaries may be larger than the memory. Rejects with the signal's reason when it is aborted.
 */
export async function readWheel(
  path: string,
  filename: string,
  scratch: string,
  signal: AbortSignal,
  limits: ArchiveLimits = ARCHIVE_LIMITS,
): Promise<ReadWheel> {
  return withEntries(path, limits, async (zip, entries, sizeBytes) => {
    const record = await readRecord(zip, entries, limits);
    const archived: ArchivedFile[] = [];
    const binaries: WheelFacts["binaries"][number][] = [];
    const unreadable: WheelFacts["unreadable"][number][] = [];
    for (const entry of entries) {
      signal.throwIfAborted();
      const read = await readMember(
        await zip.openReadStreamPromise(entry),
        scratch,
        digestsFor(record, entry.fileName),
      );
      archived.push({ path: entry.fileName, sizeBytes: entry.uncompressedSize, digests: read.digests });
      if (!read.isBinary) continue;
      try {
        using source = FileSource.open(scratch);
        binaries.push({ path: entry.fileName, sizeBytes: entry.uncompressedSize, facts: readBinary(source) });
      } catch (cause) {
        if (!(cause instanceof BinaryFault)) throw cause;
        unreadable.push({ path: entry.fileName, message: cause.message });
      }
    }
    const lie = recordLie(record, archived);
    if (lie !== null) throw new RefusedArchive(`RECORD lies: ${lie}`);
    return { ok: true, facts: { filename, sizeBytes, binaries, unreadable, unhashed: unhashed(record) } };
  });
}

/** Calls `work` with the files of an archive that keeps to the limits. What goes wrong in reading it is the archive's fault. */
async function withEntries<T>(
  path: string,
  limits: ArchiveLimits,
  work: (zip: ZipFile, entries: readonly Entry[], sizeBytes: number) => Promise<T>,
): Promise<T | Refused> {
  let zip: ZipFile | null = null;
  try {
    zip = await openPromise(path, { autoClose: false, strictFileNames: true });
    const sizeBytes = zip.fileSize;
    return await work(zip, await listEntries(zip, sizeBytes, limits), sizeBytes);
  } catch (cause) {
    if (cause instanceof RefusedArchive) return { ok: false, message: cause.message };
    if (!isArchives(cause)) throw cause;
    return { ok: false, message: `it is not a readable zip archive: ${(cause as Error).message}` };
  } finally {
    zip?.close();
  }
}

/** Errors of the system and of an abort are not the archive's. */
function isArchives(cause: unknown): boolean {
  if (!(cause instanceof Error) || cause.name === "AbortError") return false;
  const code = "code" in cause ? String(cause.code) : "";
  return code === "" || code.startsWith("Z_") || code.startsWith("ERR_");
}

async function listEntries(zip: ZipFile, sizeBytes: number, limits: ArchiveLimits): Promise<readonly Entry[]> {
  if (zip.entryCount > limits.entriesMax) {
    throw new RefusedArchive(`it has ${zip.entryCount} files, more than ${limits.entriesMax}`);
  }
  const entries: Entry[] = [];
  const seen = new Set<string>();
  let nameBytes = 0;
  let unpackedBytes = 0;
  const unpackedMax = Math.min(
    limits.unpackedBytesMax,
    Math.max(limits.unpackedBytesFree, sizeBytes * limits.unpackedRatioMax),
  );
  for await (const entry of zip.eachEntry()) {
    const { fileName } = entry;
    nameBytes += entry.fileNameLength;
    unpackedBytes += entry.uncompressedSize;
    if (nameBytes > limits.nameBytesMax) {
      throw new RefusedArchive(`the names in it have more than ${limits.nameBytesMax} bytes`);
    }
    if (unpackedBytes > unpackedMax) {
      throw new RefusedArchive(`it would unpack to more than ${unpackedMax} bytes, and has ${sizeBytes} itself`);
    }
    if (seen.has(fileName)) throw new RefusedArchive(`it has ${fileName} twice`);
    seen.add(fileName);
    if (entry.isEncrypted()) throw new RefusedArchive(`${fileName} in it is encrypted`);
    if (((entry.externalFileAttributes >>> 16) & FILE_TYPE) === SYMLINK) {
      throw new RefusedArchive(`${fileName} in it is a symbolic link`);
    }
    if (!fileName.endsWith("/")) entries.push(entry);
  }
  return entries;
}

async function readRecord(
  zip: ZipFile,
  entries: readonly Entry[],
  { recordBytesMax }: ArchiveLimits,
): Promise<ReadonlyMap<string, RecordedFile>> {
  const records = entries.filter(({ fileName }) => /^[^/]+\.dist-info\/RECORD$/.test(fileName));
  const [entry] = records;
  if (entry === undefined || records.length > 1) throw new RefusedArchive(`it has ${records.length} RECORD files`);
  if (entry.uncompressedSize > recordBytesMax) {
    throw new RefusedArchive(`its RECORD has ${entry.uncompressedSize} bytes, more than ${recordBytesMax}`);
  }
  const text = (await buffer(await zip.openReadStreamPromise(entry))).toString("utf8");
  const parsed = parseRecordHashes(text);
  if (!parsed.ok) throw new RefusedArchive(`RECORD lies: ${parsed.message}`);
  return parsed.files;
}

/** Which hashes to compute: the one that RECORD has, when it is one that is taken. */
function digestsFor(record: ReadonlyMap<string, RecordedFile>, path: string): readonly string[] {
  const algorithm = record.get(path)?.algorithm ?? "";
  return RECORD_ALGORITHMS.filter((one) => one === algorithm);
}

async function readMember(
  stream: Readable,
  scratch: string,
  algorithms: readonly string[],
): Promise<{ readonly digests: Readonly<Record<string, string>>; readonly isBinary: boolean }> {
  const hashes = algorithms.map((algorithm) => [algorithm, createHash(algorithm)] as const);
  await using written = new AsyncDisposableStack();
  let head = Buffer.alloc(0);
  let file: Awaited<ReturnType<typeof open>> | null = null;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    for (const [, hash] of hashes) hash.update(chunk);
    if (file) await file.write(chunk);
    else if (head.length < BINARY_HEAD_BYTES) {
      head = Buffer.concat([head, chunk]);
      if (head.length < BINARY_HEAD_BYTES || !isBinary(head)) continue;
      file = await open(scratch, "w", 0o600);
      written.use(file);
      await file.write(head);
    }
  }
  return {
    digests: Object.fromEntries(hashes.map(([algorithm, hash]) => [algorithm, hash.digest("base64url")])),
    isBinary: file !== null,
  };
}
