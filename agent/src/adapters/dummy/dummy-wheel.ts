import { hash } from "node:crypto";
import { crc32 } from "node:zlib";

/** A file of a zip archive. */
interface Entry {
  readonly path: string;
  readonly bytes: Buffer;
}

/**
 * The smallest wheel that an index takes (PEP 427): one module. The same bytes
 * for the same candidate and Python everywhere, and a name of its own for each
 * Python, as wheels with extension modules have.
 */
export function dummyWheel(
  candidate: { readonly name: string; readonly version: string | null },
  python: string,
): { readonly filename: string; readonly bytes: Buffer } {
  const name = candidate.name.replace(/[-_.]+/g, "_");
  const version = candidate.version ?? "0";
  const folder = `${name}-${version}.dist-info`;
  const tag = tagOf(python);
  const files: readonly Entry[] = [
    { path: `${name}.py`, bytes: Buffer.from(`"""A dummy for CPython ${python}."""\n`) },
    {
      path: `${folder}/METADATA`,
      bytes: Buffer.from(`Metadata-Version: 2.1\nName: ${candidate.name}\nVersion: ${version}\n\n`),
    },
    {
      path: `${folder}/WHEEL`,
      bytes: Buffer.from(`Wheel-Version: 1.0\nGenerator: kiln\nRoot-Is-Purelib: true\nTag: ${tag}\n`),
    },
  ];
  const record = files.map(
    ({ path, bytes }) => `${path},sha256=${hash("sha256", bytes, "base64url")},${bytes.length}\n`,
  );
  const all = [...files, { path: `${folder}/RECORD`, bytes: Buffer.from(`${record.join("")}${folder}/RECORD,,\n`) }];
  return { filename: `${name}-${version}-${tag}.whl`, bytes: stored(all) };
}

/** `3.12` → `cp312-none-any`; free-threaded builds have an ABI of their own. */
function tagOf(python: string): string {
  const [, major = "3", minor = "0", threads = ""] = /^(\d+)\.(\d+)(t?)/.exec(python) ?? [];
  const version = `cp${major}${minor}`;
  return threads === "" ? `${version}-none-any` : `${version}-${version}t-any`;
}

/** A zip archive whose files are not compressed (PKWARE APPNOTE 4.3). */
function stored(entries: readonly Entry[]): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { path, bytes } of entries) {
    const name = Buffer.from(path);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    // 1 January 1980, the first day that an archive can name.
    common.writeUInt16LE(0x21, 8);
    common.writeUInt32LE(crc32(bytes), 10);
    common.writeUInt32LE(bytes.length, 14);
    common.writeUInt32LE(bytes.length, 18);
    common.writeUInt16LE(name.length, 22);
    parts.push(Buffer.from("PK\u0003\u0004"), common, name, bytes);
    const madeBy = Buffer.from([20, 3]);
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE(0o100644 * 0x10000, 6);
    rest.writeUInt32LE(offset, 10);
    directory.push(Buffer.from("PK\u0001\u0002"), madeBy, common, rest, name);
    offset += 30 + name.length + bytes.length;
  }
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write("PK\u0005\u0006");
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, central, end]);
}
