import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import type { Blob } from "../domain/job.ts";
import type { BlobClient, FetchBlobResult, StoreBlobResult } from "../ports/blob-client.ts";

/** Blobs in memory. */
export class LocalBlobs implements BlobClient {
  readonly #blobs = new Map<string, Buffer>();

  /** Adds a file of this machine. */
  add(path: string, filename = basename(path)): Blob {
    const bytes = readFileSync(path);
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    this.#blobs.set(sha256, bytes);
    return { sha256, sizeBytes: bytes.length, filename };
  }

  get(sha256: string): Buffer | undefined {
    return this.#blobs.get(sha256);
  }

  fetch(blob: Blob, target: string): Promise<FetchBlobResult> {
    const bytes = this.#blobs.get(blob.sha256);
    if (!bytes) return Promise.resolve({ ok: false, message: "no such blob" });
    writeFileSync(target, bytes);
    return Promise.resolve({ ok: true });
  }

  store(path: string, filename: string): Promise<StoreBlobResult> {
    return Promise.resolve({ ok: true, blob: this.add(path, filename) });
  }
}
