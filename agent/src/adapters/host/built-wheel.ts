import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { openPromise, type Entry, type ZipFile } from "yauzl";
import type { MemberFact, WheelFacts } from "../../domain/compare-wheels.ts";

const MEMBERS_MAX = 200_000;
/** Of a RECORD, which is read as a whole. */
const RECORD_BYTES_MAX = 64 * 1024 ** 2;

export type BuiltWheel =
  | { readonly ok: true; readonly filename: string; readonly path: string }
  /** `message` says what the build made instead. */
  | { readonly ok: false; readonly message: string };

/** The one wheel in the folder that a build wrote into. */
export async function findBuiltWheel(folder: string): Promise<BuiltWheel> {
  const wheels = (await readdir(folder)).filter((name) => name.endsWith(".whl")).sort();
  const [filename] = wheels;
  if (filename === undefined || wheels.length > 1) {
    return { ok: false, message: `the build made ${wheels.length === 0 ? "no wheel" : wheels.join(" and ")}` };
  }
  const path = join(folder, filename);
  // A link in its place would have the agent give away a file of its own.
  if (!(await lstat(path)).isFile()) return { ok: false, message: `${filename} is not an ordinary file` };
  return { ok: true, filename, path };
}

/** What has to be known of a wheel to compare it with another. Throws when it is no zip archive. */
export async function readWheelFacts(path: string, filename: string): Promise<WheelFacts> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  const zip = await openWheel(path);
  try {
    const members: MemberFact[] = [];
    for await (const entry of zip.eachEntry()) {
      if (!entry.fileName.endsWith("/")) members.push({ path: entry.fileName, sha256: await digestOf(zip, entry) });
    }
    return { filename, sha256: hash.digest("hex"), members };
  } finally {
    zip.close();
  }
}

/** Opens a wheel as a zip archive; `close` is the caller's. */
export async function openWheel(path: string): Promise<ZipFile> {
  const zip = await openPromise(path, { autoClose: false, strictFileNames: true });
  if (zip.entryCount <= MEMBERS_MAX) return zip;
  zip.close();
  throw new Error(`it has ${zip.entryCount} files, more than ${MEMBERS_MAX}`);
}

/** The order of a RECORD's lines says nothing. */
async function digestOf(zip: ZipFile, entry: Entry): Promise<string> {
  const hash = createHash("sha256");
  const stream = await zip.openReadStreamPromise(entry);
  if (/^[^/]+\.dist-info\/RECORD$/.test(entry.fileName) && entry.uncompressedSize <= RECORD_BYTES_MAX) {
    const text = (await buffer(stream)).toString("latin1");
    return hash.update(text.split(/\r?\n/).sort().join("\n"), "latin1").digest("hex");
  }
  await pipeline(stream, hash);
  return hash.digest("hex");
}
