import { createHash, type Hash } from "node:crypto";
import { buffer } from "node:stream/consumers";
import { openPromise, type Entry, type ZipFile } from "yauzl";
import { recordLines } from "../../domain/wheel-record.ts";

const MEMBERS_MAX = 100_000;
const RECORD_BYTES_MAX = 64 * 1024 ** 2;
/** Hashes that PEP 427 admits and that are worth something. */
const ALGORITHMS = new Set(["sha256", "sha384", "sha512"]);

export interface WheelMember {
  /** Inside the wheel. */
  readonly path: string;
  /** Of its content; `digest` is URL-safe base64 without padding. */
  readonly hash: { readonly algorithm: string; readonly digest: string };
}

/**
 * The files in a wheel with their hashes, as its RECORD has them, or computed
 * where it has none. Throws when it is no wheel.
 */
export async function wheelMembers(path: string): Promise<readonly WheelMember[]> {
  const zip = await openPromise(path, { autoClose: false, strictFileNames: true });
  try {
    const entries: Entry[] = [];
    for await (const entry of zip.eachEntry()) {
      if (entries.push(entry) > MEMBERS_MAX) throw new Error(`the wheel has more than ${MEMBERS_MAX} files`);
    }
    const recorded = await readRecord(zip, entries);
    const members: WheelMember[] = [];
    for (const entry of entries) {
      if (entry.fileName.endsWith("/")) continue;
      const hash = recorded.get(entry.fileName) ?? (await hashOf(zip, entry));
      members.push({ path: entry.fileName, hash });
    }
    return members;
  } finally {
    zip.close();
  }
}

async function readRecord(zip: ZipFile, entries: readonly Entry[]): Promise<ReadonlyMap<string, WheelMember["hash"]>> {
  const record = entries.find(({ fileName }) => /^[^/]+\.dist-info\/RECORD$/.test(fileName));
  if (!record) throw new Error("the wheel has no RECORD");
  if (record.uncompressedSize > RECORD_BYTES_MAX) throw new Error("the wheel's RECORD is too large");
  const text = (await buffer(await zip.openReadStreamPromise(record))).toString("utf8");
  const hashes = new Map<string, WheelMember["hash"]>();
  for (const { path, hash } of recordLines(text)) if (hash && ALGORITHMS.has(hash.algorithm)) hashes.set(path, hash);
  return hashes;
}

async function hashOf(zip: ZipFile, entry: Entry): Promise<WheelMember["hash"]> {
  const hash = createHash("sha256");
  for await (const piece of await zip.openReadStreamPromise(entry)) hash.update(piece as Buffer);
  return { algorithm: "sha256", digest: digestOf(hash) };
}

/** As RECORD writes it. */
export function digestOf(hash: Hash): string {
  return hash.digest("base64url");
}
