import { rm } from "node:fs/promises";
import { LRUCache } from "lru-cache";
import type { IndexFile, IndexPage } from "../../domain/staging/index-page.ts";
import { sourceName, type UpstreamSource } from "../../domain/staging/upstream-source.ts";
import type { Upstream, UpstreamFile, UpstreamPage, UpstreamTrouble, WantedFile } from "../../ports/upstream.ts";
import { Download } from "./download.ts";
import { fetchFile, fetchPage, UpstreamError, type FetchedPage, type Patience } from "./fetch-upstream.ts";
import { KeptFiles, type KeptFilesLimits } from "./kept-files.ts";
import { NotASimplePage, parseSimplePage } from "./parse-simple-page.ts";

export interface UpstreamOptions {
  /** Simple-index addresses (http, https, file); the first that knows a project answers for it. Empty: none. */
  readonly userIndexes: readonly string[];
  /** PyTorch's index, with `{variant}` in it; null: none. */
  readonly torchIndex: string | null;
  readonly files: KeptFilesLimits;
  readonly limits?: Partial<UpstreamLimits>;
}

export interface UpstreamLimits extends Patience {
  readonly pageBytesMax: number;
  readonly pagesMax: number;
  /** Text of all kept pages together. */
  readonly pagesBytesMax: number;
  readonly pageAgeMaxMs: number;
  /** How long "no such project" is believed. */
  readonly unknownAgeMaxMs: number;
  readonly pagesAtOnceMax: number;
  readonly fileBytesMax: number;
  readonly downloadsAtOnceMax: number;
}

const DEFAULT_UPSTREAM_LIMITS: UpstreamLimits = {
  answerMs: 30_000,
  idleMs: 60_000,
  pageBytesMax: 64 * 1024 * 1024,
  pagesMax: 2_000,
  pagesBytesMax: 64 * 1024 * 1024,
  pageAgeMaxMs: 5 * 60_000,
  unknownAgeMaxMs: 60_000,
  pagesAtOnceMax: 32,
  fileBytesMax: 8 * 1024 ** 3,
  downloadsAtOnceMax: 32,
};

/** A page with the index that it was found on, or that no index has the project. */
type KeptPage = { readonly page: IndexPage; readonly index: string } | "unknown";

/** The user's package index, and PyTorch's, over HTTP or from a folder. `folder` is for the files that are kept. */
export async function openHttpUpstream(folder: string, options: UpstreamOptions): Promise<Upstream> {
  const files = await KeptFiles.open(folder, options.files);
  return new HttpUpstream(files, options);
}

class HttpUpstream implements Upstream {
  readonly #options: UpstreamOptions;
  readonly #limits: UpstreamLimits;
  readonly #files: KeptFiles;
  readonly #pages: LRUCache<string, Exclude<KeptPage, "unknown"> | { readonly unknown: true }>;
  readonly #pagesComing = new Map<string, Promise<KeptPage>>();
  readonly #downloads = new Map<string, Promise<Download>>();
  readonly #running = new Set<Promise<unknown>>();
  readonly #closing = new AbortController();

  constructor(files: KeptFiles, options: UpstreamOptions) {
    this.#options = options;
    this.#limits = { ...DEFAULT_UPSTREAM_LIMITS, ...options.limits };
    this.#files = files;
    this.#pages = new LRUCache({ max: this.#limits.pagesMax, maxSize: this.#limits.pagesBytesMax });
  }

  async page(source: UpstreamSource, project: string): Promise<UpstreamPage> {
    const kept = await this.#keptPage(source, project);
    if ("ok" in kept) return kept;
    return kept.page === null ? { ok: false, reason: "unknown-project" } : { ok: true, page: kept.page };
  }

  async file(source: UpstreamSource, wanted: WantedFile): Promise<UpstreamFile> {
    // What is kept is known by its digest alone: the upstream need not be there any more.
    if (wanted.sha256 !== null && !wanted.metadata) {
      const kept = this.#kept(wanted.sha256);
      if (kept) return kept;
    }
    const found = await this.#keptPage(source, wanted.project);
    if ("ok" in found) return found;
    const file = found.page?.files.find(
      ({ filename, sha256 }) => filename === wanted.filename && sha256 === wanted.sha256,
    );
    if (!file || (wanted.metadata && file.metadata === null)) return { ok: false, reason: "unknown-file" };
    const target = wanted.metadata ? metadataOf(file) : { url: file.url, sha256: file.sha256 };
    const kept = target.sha256 === null ? null : this.#kept(target.sha256);
    if (kept) return kept;
    return this.#follow(target, found.index ?? "");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort(new UpstreamError("the coordinator is stopping"));
    await Promise.allSettled(this.#running);
  }

  async #keptPage(
    source: UpstreamSource,
    project: string,
  ): Promise<{ readonly page: IndexPage | null; readonly index: string | null } | UpstreamTrouble> {
    const indexes = this.#indexesOf(source);
    if (indexes.length === 0) return { ok: false, reason: "not-configured" };
    const key = `${sourceName(source)}/${project}`;
    const known = this.#pages.get(key);
    if (known) return "unknown" in known ? { page: null, index: null } : known;
    let coming = this.#pagesComing.get(key);
    if (!coming) {
      if (this.#pagesComing.size >= this.#limits.pagesAtOnceMax) {
        return { ok: false, reason: "busy", limit: this.#limits.pagesAtOnceMax };
      }
      coming = this.#fetchPage(key, indexes, project, source.kind === "torch");
      this.#pagesComing.set(key, coming);
    }
    try {
      const page = await coming;
      return page === "unknown" ? { page: null, index: null } : page;
    } catch (cause) {
      return failed(cause);
    }
  }

  async #fetchPage(key: string, indexes: readonly string[], project: string, isTorch: boolean): Promise<KeptPage> {
    try {
      for (const index of indexes) {
        // PyTorch's index denies what it does not have.
        const fetched = await fetchPage(index, project, { ...this.#limits, deniedMeansUnknown: isTorch });
        if (fetched === null) continue;
        return this.#keepPage(key, index, project, fetched);
      }
      this.#pages.set(key, { unknown: true }, { ttl: this.#limits.unknownAgeMaxMs, size: 1 });
      return "unknown";
    } finally {
      this.#pagesComing.delete(key);
    }
  }

  #keepPage(key: string, index: string, project: string, { text, contentType, url }: FetchedPage): KeptPage {
    const page = { page: parseSimplePage(text, contentType, url, project), index };
    this.#pages.set(key, page, { ttl: this.#limits.pageAgeMaxMs, size: Math.max(1, text.length) });
    return page;
  }

  #indexesOf(source: UpstreamSource): readonly string[] {
    if (source.kind === "user") return this.#options.userIndexes;
    const { torchIndex } = this.#options;
    return torchIndex === null ? [] : [torchIndex.replaceAll("{variant}", source.variant)];
  }

  #kept(sha256: string): (UpstreamFile & { readonly kind: "kept" }) | null {
    const sizeBytes = this.#files.size(sha256);
    if (sizeBytes === null) return null;
    return { ok: true, kind: "kept", sha256, sizeBytes, read: (range) => this.#files.read(sha256, range) };
  }

  async #follow(target: Target, index: string): Promise<UpstreamFile> {
    const key = target.sha256 ?? target.url;
    let coming = this.#downloads.get(key);
    if (!coming) {
      if (this.#downloads.size >= this.#limits.downloadsAtOnceMax) {
        return { ok: false, reason: "busy", limit: this.#limits.downloadsAtOnceMax };
      }
      coming = this.#begin(key, target, index);
      this.#downloads.set(key, coming);
    }
    try {
      const download = await coming;
      const body = download.read();
      if (body) return { ok: true, kind: "coming", sizeBytes: download.sizeBytes, body };
    } catch (cause) {
      return failed(cause);
    }
    // It ended between the two: it is kept by now, or is asked for again.
    return (target.sha256 === null ? null : this.#kept(target.sha256)) ?? this.#follow(target, index);
  }

  /** Resolves when the first bytes are on their way. */
  #begin(key: string, target: Target, index: string): Promise<Download> {
    const begun = Promise.withResolvers<Download>();
    const run = this.#download(key, target, index, begun.resolve).catch(begun.reject);
    this.#running.add(run);
    void run.finally(() => this.#running.delete(run));
    return begun.promise;
  }

  async #download(key: string, target: Target, index: string, begun: (download: Download) => void): Promise<void> {
    const stopped = new AbortController();
    const signal = AbortSignal.any([stopped.signal, this.#closing.signal]);
    try {
      const source = await fetchFile(target.url, index, { ...this.#limits, signal });
      const file = await this.#files.newFile();
      await using _handle = file.handle;
      try {
        const abandon = (): void => {
          this.#downloads.delete(key);
          stopped.abort(new UpstreamError("nobody waits for it any more"));
        };
        const { sha256 } = target;
        const download = new Download(source, file.handle, { sha256, bytesMax: this.#limits.fileBytesMax, abandon });
        begun(download);
        await download.finished.then(
          () => (sha256 === null ? undefined : this.#files.keep(file, sha256)),
          () => undefined,
        );
        this.#downloads.delete(key);
        await download.unread();
      } finally {
        await rm(file.path, { force: true });
      }
    } finally {
      this.#downloads.delete(key);
    }
  }
}

interface Target {
  readonly url: string;
  readonly sha256: string | null;
}

/** PEP 658: beside the file, under its name with `.metadata` at the end. */
function metadataOf({ url, metadata }: IndexFile): Target {
  const beside = new URL(url);
  beside.pathname = `${beside.pathname}.metadata`;
  return { url: beside.href, sha256: metadata?.sha256 ?? null };
}

function failed(cause: unknown): UpstreamTrouble {
  if (cause instanceof UpstreamError || cause instanceof NotASimplePage) {
    return { ok: false, reason: "failed", detail: cause.message };
  }
  throw cause;
}
