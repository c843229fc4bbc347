import { createCipheriv, hash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";

const CHUNK_BYTES = 1024 * 1024;

/** Writes that many bytes that no compression makes smaller, and that are the same for the same seed everywhere. */
export async function writeDummyBytes(path: string, seed: string, sizeBytes: number): Promise<void> {
  await pipeline(keystream(seed, sizeBytes), createWriteStream(path));
}

/** AES in counter mode over nothing (NIST SP 800-38A): as random as a test needs, and faster than a disk. */
function* keystream(seed: string, sizeBytes: number): Generator<Uint8Array> {
  const cipher = createCipheriv("aes-128-ctr", hash("md5", seed, "buffer"), Buffer.alloc(16));
  const zeros = Buffer.alloc(CHUNK_BYTES);
  for (let at = 0; at < sizeBytes; at += CHUNK_BYTES) {
    yield cipher.update(zeros.subarray(0, Math.min(CHUNK_BYTES, sizeBytes - at)));
  }
}
