import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { crc32, deflateRawSync } from "node:zlib";
import type { Entry, ZipFile } from "yauzl";
import { metadataWithVersion, movedPath, movedRecord } from "../../domain/local-version.ts";
import { openWheel } from "./built-wheel.ts";

/** Of METADATA or RECORD. */
const TEXT_BYTES_MAX = 64 * 1024 ** 2;
/** What a zip archive without its 64-bit extension can say. */
const ZIP_BYTES_MAX = 2 ** 32 - 1;
const ZIP_ENTRIES_MAX = 65_535;
const UTF8_FLAG = 0x800;
const DEFLATED = 8;

/** The wheel cannot be rewritten, and the message says why. */
class WheelRewriteError extends Error {}

/**
 * Gives a wheel another version: its file name, the names of its `.dist-info`
 * and `.data` folders, the Version of its METADATA, and its RECORD (the binary
 * distribution format, PEP 427). Everything else keeps its compressed bytes, its
 * order, its time and its mode, so equal wheels become equal wheels. The old
 * file is replaced. Throws, with what is wrong, for what is no wheel.
 */
export async function rewriteVersion(path: string, filename: string, version: string): Promise<string> {
  const target = join(dirname(path), filename);
  const temporary = `${target}.part`;
  const zip = await openWheel(path);
  try {
    const entries: Entry[] = [];
    for await (const entry of zip.eachEntry()) entries.push(entry);
    const plan = await planOf(zip, entries, version);
    await pipeline(Readable.from(archive(zip, entries, plan)), createWriteStream(temporary, { flags: "wx" }));
    await rename(temporary, target);
    await rm(path);
    return target;
  } finally {
    zip.close();
    await rm(temporary, { force: true });
  }
}

interface RewritePlan {
  readonly folders: ReadonlyMap<string, string>;
  /** New contents by old path. */
  readonly contents: ReadonlyMap<string, Buffer>;
}

async function planOf(zip: ZipFile, entries: readonly Entry[], version: string): Promise<RewritePlan> {
  const infos = new Set(entries.flatMap(({ fileName }) => /^[^/]+\.dist-info(?=\/)/.exec(fileName)?.[0] ?? []));
  const [info] = infos;
  if (info === undefined || infos.size > 1) throw new WheelRewriteError(`it has ${infos.size} .dist-info folders`);
  const stem = info.slice(0, -".dist-info".length);
  const moved = `${stem.slice(0, stem.lastIndexOf("-"))}-${version}`;
  const folders = new Map([
    [info, `${moved}.dist-info`],
    [`${stem}.data`, `${moved}.data`],
  ]);
  if (entries.some(({ fileName }) => /^[^/]+\.dist-info\/RECORD\.(?:jws|p7s)$/.test(fileName))) {
    throw new WheelRewriteError("its RECORD is signed");
  }
  const metadata = metadataWithVersion(await textOf(zip, entries, `${info}/METADATA`), version);
  if (metadata === null) throw new WheelRewriteError("its METADATA has no Version");
  const bytes = Buffer.from(metadata, "latin1");
  const digest = createHash("sha256").update(bytes).digest("base64url");
  const record = await textOf(zip, entries, `${info}/RECORD`);
  const contents = new Map([
    [`${info}/METADATA`, bytes],
    [`${info}/RECORD`, Buffer.from(movedRecord(record, folders, `sha256=${digest},${bytes.length}`), "latin1")],
  ]);
  return { folders, contents };
}

/** Bytes as characters, so that whatever is not ASCII comes through unchanged. */
async function textOf(zip: ZipFile, entries: readonly Entry[], path: string): Promise<string> {
  const entry = entries.find(({ fileName }) => fileName === path);
  if (!entry) throw new WheelRewriteError(`it has no ${path}`);
  if (entry.uncompressedSize > TEXT_BYTES_MAX)
    throw new WheelRewriteError(`${path} has more than ${TEXT_BYTES_MAX} bytes`);
  return (await buffer(await zip.openReadStreamPromise(entry))).toString("latin1");
}

/** The members with their headers, then the directory (APPNOTE 6.3.3, sections 4.3.7, 4.3.12 and 4.3.16). */
async function* archive(zip: ZipFile, entries: readonly Entry[], plan: RewritePlan): AsyncGenerator<Buffer> {
  if (entries.length > ZIP_ENTRIES_MAX) throw new WheelRewriteError(`it has more than ${ZIP_ENTRIES_MAX} files`);
  const directory: Buffer[] = [];
  let offset = 0;
  for (const entry of entries) {
    const member = memberOf(entry, plan);
    const header = localHeader(member);
    directory.push(directoryEntry(member, offset));
    yield header;
    if (member.bytes) yield member.bytes;
    else yield* (await zip.openReadStreamPromise(entry, { decodeFileData: false })) as AsyncIterable<Buffer>;
    offset += header.length + member.compressedSize;
    if (offset > ZIP_BYTES_MAX) throw new WheelRewriteError("it has more than 4 GiB");
  }
  const all = Buffer.concat(directory);
  yield all;
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(all.length, 12);
  end.writeUInt32LE(offset, 16);
  yield end;
}

interface Member {
  readonly entry: Entry;
  readonly name: Buffer;
  readonly method: number;
  readonly crc: number;
  readonly compressedSize: number;
  readonly uncompressedSize: number;
  /** null: those that are there. */
  readonly bytes: Buffer | null;
}

function memberOf(entry: Entry, { folders, contents }: RewritePlan): Member {
  const name = Buffer.from(movedPath(entry.fileName, folders));
  const content = contents.get(entry.fileName);
  if (!content) {
    const { compressionMethod: method, crc32: crc, compressedSize, uncompressedSize } = entry;
    return { entry, name, method, crc, compressedSize, uncompressedSize, bytes: null };
  }
  const bytes = deflateRawSync(content, { level: 9 });
  const sizes = { compressedSize: bytes.length, uncompressedSize: content.length };
  return { entry, name, method: DEFLATED, crc: crc32(content), ...sizes, bytes };
}

/** Bytes 4 to 29 of a local header, 6 to 31 of a directory entry: what both say alike. */
function writeCommon(target: Buffer, at: number, { entry, method, crc, ...member }: Member): void {
  target.writeUInt16LE(20, at);
  target.writeUInt16LE(UTF8_FLAG, at + 2);
  target.writeUInt16LE(method, at + 4);
  target.writeUInt16LE(entry.lastModFileTime, at + 6);
  target.writeUInt16LE(entry.lastModFileDate, at + 8);
  target.writeUInt32LE(crc, at + 10);
  target.writeUInt32LE(member.compressedSize, at + 14);
  target.writeUInt32LE(member.uncompressedSize, at + 18);
  target.writeUInt16LE(member.name.length, at + 22);
}

function localHeader(member: Member): Buffer {
  const header = Buffer.alloc(30);
  header.writeUInt32LE(0x04034b50, 0);
  writeCommon(header, 4, member);
  return Buffer.concat([header, member.name]);
}

function directoryEntry(member: Member, offset: number): Buffer {
  const header = Buffer.alloc(46);
  header.writeUInt32LE(0x02014b50, 0);
  header.writeUInt16LE(member.entry.versionMadeBy, 4);
  writeCommon(header, 6, member);
  header.writeUInt16LE(member.entry.internalFileAttributes, 36);
  header.writeUInt32LE(member.entry.externalFileAttributes, 38);
  header.writeUInt32LE(offset, 42);
  return Buffer.concat([header, member.name]);
}
