import { open, type FileHandle } from "node:fs/promises";
import { inflateRawSync } from "node:zlib";
import { CliError, errorMessage } from "../program/cli-error.ts";
import { ENTRIES_MAX, isWanted, normalPath, WANTED_BYTES_MAX } from "./archive-limits.ts";

const END_SIGNATURE = 0x06054b50;
const ENTRY_SIGNATURE = 0x02014b50;
const LOCAL_SIGNATURE = 0x04034b50;
const END_BYTES = 22;
const COMMENT_BYTES_MAX = 65_535;
const DIRECTORY_BYTES_MAX = 256 * 1024 * 1024;

/**
 * Reads the wanted small files of a .zip by its central directory (PKWARE
 * APPNOTE 4.3). Sdists with more than 65,535 files or 4 GiB (ZIP64) are refused.
 */
export async function readZipFiles(path: string): Promise<ReadonlyMap<string, string>> {
  await using file = await open(path, "r");
  try {
    const texts = new Map<string, string>();
    for (const entry of await readDirectory(file)) {
      if (!isWanted(entry.path) || entry.size > WANTED_BYTES_MAX || entry.packedSize > WANTED_BYTES_MAX * 2) continue;
      texts.set(normalPath(entry.path), (await readEntry(file, entry)).toString("utf8"));
    }
    return texts;
  } catch (error) {
    throw new CliError(`${path} is not a readable .zip: ${errorMessage(error)}.`, { cause: error });
  }
}

interface ZipEntry {
  readonly path: string;
  readonly method: number;
  readonly packedSize: number;
  readonly size: number;
  readonly offset: number;
}

async function readDirectory(file: FileHandle): Promise<readonly ZipEntry[]> {
  const { size } = await file.stat();
  const tailSize = Math.min(size, END_BYTES + COMMENT_BYTES_MAX);
  const tail = await readAt(file, size - tailSize, tailSize);
  let end = tail.length - END_BYTES;
  while (end >= 0 && tail.readUInt32LE(end) !== END_SIGNATURE) end -= 1;
  if (end < 0) throw new Error("it has no central directory");
  const count = tail.readUInt16LE(end + 10);
  const directorySize = tail.readUInt32LE(end + 12);
  const directoryOffset = tail.readUInt32LE(end + 16);
  if (count === 0xffff || directoryOffset === 0xffffffff) throw new Error("it is a ZIP64 archive");
  if (directorySize > DIRECTORY_BYTES_MAX || count > ENTRIES_MAX) throw new Error("its directory is too large");

  const directory = await readAt(file, directoryOffset, directorySize);
  const entries: ZipEntry[] = [];
  for (let at = 0; entries.length < count;) {
    if (directory.readUInt32LE(at) !== ENTRY_SIGNATURE) throw new Error("its directory is damaged");
    const nameLength = directory.readUInt16LE(at + 28);
    entries.push({
      path: directory.toString("utf8", at + 46, at + 46 + nameLength),
      method: directory.readUInt16LE(at + 10),
      packedSize: directory.readUInt32LE(at + 20),
      size: directory.readUInt32LE(at + 24),
      offset: directory.readUInt32LE(at + 42),
    });
    at += 46 + nameLength + directory.readUInt16LE(at + 30) + directory.readUInt16LE(at + 32);
  }
  return entries;
}

async function readEntry(file: FileHandle, entry: ZipEntry): Promise<Buffer> {
  const header = await readAt(file, entry.offset, 30);
  if (header.readUInt32LE(0) !== LOCAL_SIGNATURE) throw new Error(`${entry.path} is damaged`);
  const start = entry.offset + 30 + header.readUInt16LE(26) + header.readUInt16LE(28);
  const packed = await readAt(file, start, entry.packedSize);
  if (entry.method === 0) return packed;
  if (entry.method === 8) return inflateRawSync(packed, { maxOutputLength: WANTED_BYTES_MAX });
  throw new Error(`${entry.path} is packed by method ${entry.method}, not stored or deflated`);
}

async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  const { bytesRead } = await file.read(buffer, 0, length, position);
  if (bytesRead !== length) throw new Error("it ends too early");
  return buffer;
}
