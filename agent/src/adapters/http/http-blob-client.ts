import { createHash } from "node:crypto";
import { createReadStream, openAsBlob } from "node:fs";
import { stat } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { backoffMs } from "../../domain/backoff.ts";
import type { Blob } from "../../domain/job.ts";
import type { BlobClient, BlobFailure, FetchBlobResult, StoreBlobResult } from "../../ports/blob-client.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Log } from "../../ports/log.ts";
import type { BlobCache } from "./blob-cache.ts";

const BACKOFF = { baseMs: 200, capMs: 5_000 };
/** Downloads after which a digest that keeps coming out wrong is given up. */
const DIGEST_TRIES_MAX = 3;

export interface HttpOptions {
  /** For example http://127.0.0.1:8270 */
  readonly url: string;
  readonly token: string;
}

interface Parts {
  readonly cache: BlobCache;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
}

/** The coordinator's answer is final: trying again does not help. */
class FinalError extends Error {}

/** Blobs over HTTP, with a cache of those fetched. */
export class HttpBlobClient implements BlobClient {
  readonly #options: HttpOptions;
  readonly #parts: Parts;
  /** Downloads under way, so that jobs that want the same blob share one. */
  readonly #downloads = new Map<string, Promise<void>>();

  constructor(options: HttpOptions, parts: Parts) {
    this.#options = options;
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

  async store(path: string, filename: string, signal: AbortSignal): Promise<StoreBlobResult> {
    const sha256 = await sha256Of(path);
    const { size } = await stat(path);
    return this.#retrying("a blob could not be stored", signal, async () => {
      const known = await this.#request("HEAD", sha256, signal);
      if (known.status !== 200) {
        const body = await openAsBlob(path);
        const response = await this.#request("PUT", sha256, signal, body);
        if (!response.ok) throw await refusal("store", response);
      }
      return { ok: true, blob: { sha256, sizeBytes: size, filename } } as const;
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
    const response = await this.#request("GET", blob.sha256, signal);
    if (!response.ok || !response.body) throw await refusal("fetch", response);
    if (!(await this.#parts.cache.keep(blob.sha256, response.body, signal))) {
      this.#parts.log.warn({ sha256: blob.sha256 }, "a blob came with another digest");
    }
  }

  #request(
    method: "GET" | "HEAD" | "PUT",
    sha256: string,
    signal: AbortSignal,
    body?: globalThis.Blob,
  ): Promise<Response> {
    return fetch(`${this.#options.url}/api/v1/blobs/${sha256}`, {
      method,
      signal,
      headers: {
        authorization: `Bearer ${this.#options.token}`,
        ...(body ? { "content-type": "application/octet-stream" } : {}),
      },
      ...(body ? { body } : {}),
    });
  }

  /** Tries until it works, fails for good, or is aborted. */
  async #retrying<R extends { readonly ok: true }>(
    message: string,
    signal: AbortSignal,
    work: () => Promise<R | BlobFailure>,
  ): Promise<R | BlobFailure> {
    for (let failures = 1; ; failures++) {
      try {
        return await work();
      } catch (cause) {
        if (signal.aborted) return aborted();
        if (cause instanceof FinalError) return { ok: false, message: cause.message };
        if (isDiskFull(cause)) return { ok: false, message: "No space left on device: the disk of the agent is full" };
        const delayMs = backoffMs(failures, this.#parts.random(), BACKOFF);
        this.#parts.log.warn({ err: cause, delayMs }, message);
        await this.#wait(delayMs, signal);
        if (signal.aborted) return aborted();
      }
    }
  }

  #wait(delayMs: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#parts.clock.after(delayMs, done);
      signal.addEventListener("abort", done);
      function done(): void {
        cancel();
        signal.removeEventListener("abort", done);
        resolve();
      }
    });
  }
}

function aborted(): BlobFailure {
  return { ok: false, message: "it was stopped" };
}

function isDiskFull(cause: unknown): boolean {
  return cause instanceof Error && "code" in cause && cause.code === "ENOSPC";
}

/** What an answer that is no success means: client errors are final, the rest may pass. */
async function refusal(what: "fetch" | "store", response: Response): Promise<Error> {
  const detail = (await response.text().catch(() => "")).slice(0, 300);
  const message = `the coordinator did not ${what} a blob: HTTP ${response.status} ${detail}`.trim();
  const isFinal = response.status >= 400 && response.status < 500 && response.status !== 408 && response.status !== 429;
  return isFinal ? new FinalError(message) : new Error(message);
}

/** Lower-case hexadecimal. */
async function sha256Of(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path, { highWaterMark: 256 * 1024 }), hash);
  return hash.digest("hex");
}
