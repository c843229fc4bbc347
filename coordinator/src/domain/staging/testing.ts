import { createHash } from "node:crypto";
import { crc32, deflateRawSync } from "node:zlib";

// Wheels for tests, and zip archives that lie.

export interface ZipEntry {
  readonly path: string;
  readonly bytes: Uint8Array;
  /** Unix mode, for example of a symbolic link. */
  readonly mode?: number;
  /** What the directory claims, where that is not the truth. */
  readonly claimedBytes?: number;
}

/** A zip archive (PKWARE APPNOTE 4.3), deflated, without dates. */
export function zip(entries: readonly ZipEntry[]): Buffer {
  const locals: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { path, bytes, mode = 0o100644, claimedBytes = bytes.byteLength } of entries) {
    const name = Buffer.from(path);
    const packed = deflateRawSync(bytes);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(8, 4);
    common.writeUInt32LE(crc32(bytes), 10);
    common.writeUInt32LE(packed.length, 14);
    common.writeUInt32LE(claimedBytes, 18);
    common.writeUInt16LE(name.length, 22);
    locals.push(Buffer.from("PK\u0003\u0004"), common, name, packed);
    const head = Buffer.alloc(6);
    head.write("PK\u0001\u0002");
    head.writeUInt16LE((3 << 8) | 20, 4);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(mode * 0x10000, 6);
    tail.writeUInt32LE(offset, 10);
    directory.push(head, common, tail, name);
    offset += 30 + name.length + packed.length;
  }
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write("PK\u0005\u0006");
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...locals, central, end]);
}

export interface WheelText {
  readonly name?: string;
  readonly version?: string;
  /** Lines of METADATA beyond name and version. */
  readonly metadata?: readonly string[];
  readonly files?: Readonly<Record<string, string>>;
  /** Changes the RECORD before it is written. */
  readonly record?: (text: string) => string;
}

/** The entries of a pure wheel that installs. */
export function wheelEntries({ name = "demo", version = "1.0", ...rest }: WheelText = {}): ZipEntry[] {
  const { metadata = [], files = { [`${name}.py`]: `VERSION = "${version}"\n` }, record = (text) => text } = rest;
  const folder = `${name}-${version}.dist-info`;
  const texts: Record<string, string> = {
    ...files,
    [`${folder}/METADATA`]: [`Metadata-Version: 2.1`, `Name: ${name}`, `Version: ${version}`, ...metadata, "", ""].join(
      "\n",
    ),
    [`${folder}/WHEEL`]: "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
  };
  const lines = Object.entries(texts).map(([path, text]) => {
    const digest = createHash("sha256").update(text).digest("base64url");
    return `${path},sha256=${digest},${Buffer.byteLength(text)}\n`;
  });
  texts[`${folder}/RECORD`] = record(`${lines.join("")}${folder}/RECORD,,\n`);
  return Object.entries(texts).map(([path, text]) => ({ path, bytes: Buffer.from(text) }));
}

export function wheel(text: WheelText = {}): Buffer {
  return zip(wheelEntries(text));
}
