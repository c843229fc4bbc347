import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import type { Blob } from "../../domain/job.ts";
import type { BlobClient, BlobFailure, FetchBlobResult, StoreBlobResult } from "../../ports/blob-client.ts";
import type { Clock } from "../../ports/clock.ts";
import type { FarmHttp } from "../../ports/farm-http.ts";
import type { Log } from "../../ports/log.ts";
import type { BlobCache } from "./blob-cache.ts";
import { FinalError, refusal } from "./refusal.ts";
import { retrying } from "./retrying.ts";
import { BlobUpload, type BlobRequest } from "./blob-upload.ts";

/** Downloads after which a digest that keeps coming out wrong is given up. */
const DIGEST_TRIES_MAX = 3;

interface Parts {
  readonly cache: BlobCache;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
}

/** Blobs over HTTP, with a cache of those fetched. */
export class HttpBlobClient implements BlobClient {
  readonly #http: FarmHttp;
  readonly #parts: Parts;
  /** Downloads under way, so that jobs that want the same blob share one. */
  readonly #downloads = new Map<string, Promise<void>>();

  constructor(http: FarmHttp, parts: Parts) {
    this.#http = http;
    this.#parts = parts;
  }

  async fetch(blob: Blob, target: string, signal: AbortSignal): Promise<FetchBlobResult> {
    return this.#retrying("a blob could not be fetched", signal, async () => {
      const { cache } = this.#parts;
      for (let tries = 0; tries <= DIGEST_TRIES_MAX; tries++) {
        if (await cache.copyTo(blob.sha256, target)) return { ok: true };
        // Jobs that want the same blob at the same time share one download.
        const shared = this.#downloads.get(blob.sha256);
        if (shared) await shared.catch(() => undefined);
        else await this.#download(blob, signal);
      }
      throw new FinalError(`the coordinator's blob ${blob.sha256} (${blob.filename}) does not have that digest`);
    });
  }

  async store(
    path: string,
    filename: string,
    signal: AbortSignal,
    note: (text: string) => void = () => undefined,
  ): Promise<StoreBlobResult> {
    const sha256 = await sha256Of(path);
    const { size: sizeBytes } = await stat(path);
    const ask = (request: BlobRequest): Promise<Response> => this.#request(sha256, signal, request);
    const upload = new BlobUpload({ path, filename, sizeBytes }, ask, note);
    return this.#retrying("a blob could not be stored", signal, async () => {
      await upload.attempt();
      return { ok: true, blob: { sha256, sizeBytes, filename } } as const;
    });
  }

  async #download(blob: Blob, signal: AbortSignal): Promise<void> {
    const download = this.#downloadOnce(blob, signal);
    this.#downloads.set(blob.sha256, download);
    try {
      await download;
    } finally {
      this.#downloads.delete(blob.sha256);
    }
  }

  async #downloadOnce(blob: Blob, signal: AbortSignal): Promise<void> {
    const response = await this.#request(blob.sha256, signal, { method: "GET" });
    if (!response.ok || !response.body) throw await refusal("fetch", response);
    if (!(await this.#parts.cache.keep(blob.sha256, response.body, signal))) {
      this.#parts.log.warn({ sha256: blob.sha256 }, "a blob came with another digest");
    }
  }

  #request(sha256: string, signal: AbortSignal, { method, below, body, headers }: BlobRequest): Promise<Response> {
    return this.#http.fetch(`/api/v1/blobs/${sha256}${below ?? ""}`, {
      method,
      signal,
      headers: {
        ...(body ? { "content-type": "application/octet-stream" } : {}),
        ...headers,
      },
      ...(body ? { body, duplex: "half" } : {}),
    });
  }

  /** Tries until it works, fails for good, or is aborted. */
  async #retrying<R extends { readonly ok: true }>(
    message: string,
    signal: AbortSignal,
    work: () => Promise<R | BlobFailure>,
  ): Promise<R | BlobFailure> {
    try {
      return await retrying(message, this.#parts, signal, work);
    } catch (cause) {
      if (signal.aborted) return { ok: false, message: "it was stopped" };
      if (cause instanceof FinalError) return { ok: false, message: cause.message };
      throw cause;
    }
  }
}

/** Lower-case hexadecimal. */
async function sha256Of(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path, { highWaterMark: 256 * 1024 }), hash);
  return hash.digest("hex");
}
