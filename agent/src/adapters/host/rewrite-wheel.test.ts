import { createHash } from "node:crypto";
import { copyFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { crc32 } from "node:zlib";
import { temporaryFolder } from "@kiln/testkit";
import { expect, test } from "vitest";
import { openWheel } from "./built-wheel.ts";
import { rewriteVersion } from "./rewrite-wheel.ts";

const INFO = "pkg-1.0.dist-info";
const METADATA = "Metadata-Version: 2.1\nName: pkg\nVersion: 1.0\n\nGrüße aus 1.0\n";
const FILES: Readonly<Record<string, string>> = {
  "pkg/größe.py": "x = 1\n",
  "pkg-1.0.data/scripts/run": "#!python\n",
  [`${INFO}/METADATA`]: METADATA,
  [`${INFO}/WHEEL`]: "Wheel-Version: 1.0\n",
};
const NEW = "pkg-1.0+cu118-py3-none-any.whl";

test("every file but two keeps its bytes, and RECORD tells the truth of all of them", async () => {
  using folder = temporaryFolder();
  const path = wheel(folder.path, withRecord(FILES));
  const target = await rewriteVersion(path, NEW, "1.0+cu118");
  expect([target, existsSync(path)]).toEqual([join(folder.path, NEW), false]);
  const files = await contents(target);
  expect([...files.keys()]).toEqual([
    "pkg/größe.py",
    "pkg-1.0+cu118.data/scripts/run",
    "pkg-1.0+cu118.dist-info/METADATA",
    "pkg-1.0+cu118.dist-info/WHEEL",
    "pkg-1.0+cu118.dist-info/RECORD",
  ]);
  const metadata = files.get("pkg-1.0+cu118.dist-info/METADATA")?.toString();
  expect(metadata).toBe(METADATA.replace("Version: 1.0\n\n", "Version: 1.0+cu118\n\n"));
  const record = files.get("pkg-1.0+cu118.dist-info/RECORD")?.toString() ?? "";
  const expected = [...files].map(([name, bytes]) => (name.endsWith("/RECORD") ? `${name},,` : recorded(name, bytes)));
  expect(record.trimEnd().split("\n")).toEqual(expected);
});

test("equal wheels become equal wheels", async () => {
  using folder = temporaryFolder();
  const digests: string[] = [];
  const original = wheel(folder.path, withRecord(FILES), "original.whl");
  for (const name of ["a.whl", "b.whl"]) {
    copyFileSync(original, join(folder.path, name));
    const target = await rewriteVersion(join(folder.path, name), NEW, "1.0+cu118");
    digests.push(createHash("sha256").update(readFileSync(target)).digest("hex"));
  }
  expect(digests[0]).toBe(digests[1]);
});

test.each([
  ["a signature of its RECORD", { ...FILES, [`${INFO}/RECORD.jws`]: "{}" }, "its RECORD is signed"],
  ["a second .dist-info", { ...FILES, "other-1.0.dist-info/METADATA": "" }, "it has 2 .dist-info folders"],
  ["no Version", { ...FILES, [`${INFO}/METADATA`]: "Name: pkg\n" }, "its METADATA has no Version"],
])("a wheel with %s is left as it is", async (_, files, reason) => {
  using folder = temporaryFolder();
  const path = wheel(folder.path, withRecord(files));
  await expect(rewriteVersion(path, NEW, "1.0+cu118")).rejects.toThrow(reason);
  expect([existsSync(path), existsSync(join(folder.path, NEW))]).toEqual([true, false]);
});

function recorded(name: string, content: Uint8Array): string {
  return `${name},sha256=${createHash("sha256").update(content).digest("base64url")},${content.length}`;
}

function withRecord(files: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const lines = Object.entries(files).map(([name, text]) => recorded(name, Buffer.from(text)));
  return { ...files, [`${INFO}/RECORD`]: `${[...lines, `${INFO}/RECORD,,`].join("\n")}\n` };
}

async function contents(path: string): Promise<ReadonlyMap<string, Buffer>> {
  const zip = await openWheel(path);
  const files = new Map<string, Buffer>();
  for await (const entry of zip.eachEntry()) {
    const bytes = await buffer(await zip.openReadStreamPromise(entry));
    expect(crc32(bytes)).toBe(entry.crc32);
    files.set(entry.fileName, bytes);
  }
  zip.close();
  return files;
}

/** A zip archive of stored files. */
function wheel(folder: string, files: Readonly<Record<string, string>>, filename = "pkg-1.0-py3-none-any.whl"): string {
  const [parts, directory]: [Buffer[], Buffer[]] = [[], []];
  let offset = 0;
  for (const [path, text] of Object.entries(files)) {
    const [name, bytes] = [Buffer.from(path), Buffer.from(text)];
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(0x800, 2);
    common.writeUInt32LE(crc32(bytes), 10);
    common.writeUInt32LE(bytes.length, 14);
    common.writeUInt32LE(bytes.length, 18);
    common.writeUInt16LE(name.length, 22);
    const entry = Buffer.alloc(46);
    entry.write("PK\u0001\u0002", "latin1");
    common.copy(entry, 6);
    entry.writeUInt32LE(offset, 42);
    directory.push(entry, name);
    parts.push(Buffer.from("PK\u0003\u0004"), common, name, bytes);
    offset += 30 + name.length + bytes.length;
  }
  const end = Buffer.alloc(22);
  end.write("PK\u0005\u0006", "latin1");
  end.writeUInt16LE(Object.keys(files).length, 8);
  end.writeUInt16LE(Object.keys(files).length, 10);
  end.writeUInt32LE(Buffer.concat(directory).length, 12);
  end.writeUInt32LE(offset, 16);
  const path = join(folder, filename);
  writeFileSync(path, Buffer.concat([...parts, ...directory, end]));
  return path;
}
