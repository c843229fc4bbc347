import type { Readable } from "node:stream";
import type { AuditEntry } from "../domain/audit.ts";
import type { IndexFile, IndexPage } from "../domain/staging/index-page.ts";
import { ANY_VARIANT, type StagedFile } from "../domain/staging/staged-file.ts";
import { normalName } from "../domain/staging/project-name.ts";
import { sourceName, sourcesOf, type UpstreamSource } from "../domain/staging/upstream-source.ts";
import type { BlobStore } from "../ports/blob-store.ts";
import type { StagingStore } from "../ports/staging-store.ts";
import type { Upstream, UpstreamFile, WantedFile } from "../ports/upstream.ts";
import type { BuildStager } from "./build-stager.ts";
import { checkName, type FileStager } from "./file-stager.ts";
import type {
  IndexKey,
  NoSuchIndex,
  ProjectPage,
  StagedBlob,
  StagedOfRun,
  StageOutcome,
  StageRefusal,
  StagingIndex,
  UploadForm,
} from "./index-api.ts";
import type { PlanCache } from "./plan-cache.ts";
import type { RunFacts, RunIndexes } from "./run-indexes.ts";

/** The staging index of every run. */
export class RunStagingIndex implements StagingIndex {
  readonly #runs: RunIndexes;
  readonly #plans: PlanCache;
  readonly #store: StagingStore;
  readonly #blobs: BlobStore;
  readonly #stager: FileStager;
  readonly #builds: BuildStager;
  readonly #upstream: Upstream;
  /** Upstream pages with our URLs, for as long as the pages are kept. */
  readonly #rewritten = new WeakMap<IndexPage, IndexPage>();

  constructor(parts: {
    readonly runs: RunIndexes;
    readonly plans: PlanCache;
    readonly store: StagingStore;
    readonly blobs: BlobStore;
    readonly stager: FileStager;
    readonly builds: BuildStager;
    readonly upstream: Upstream;
  }) {
    this.#runs = parts.runs;
    this.#plans = parts.plans;
    this.#store = parts.store;
    this.#blobs = parts.blobs;
    this.#stager = parts.stager;
    this.#builds = parts.builds;
    this.#upstream = parts.upstream;
  }

  async candidate(key: IndexKey): Promise<{ readonly ok: true; readonly project: string } | NoSuchIndex> {
    const found = await this.#runs.find(key);
    return found.ok ? { ok: true, project: found.facts.project } : found;
  }

  async page(key: IndexKey, project: string): Promise<ProjectPage> {
    const found = await this.#runs.find(key);
    if (!found.ok) return found;
    // The candidate comes from its run and from nowhere else: whoever puts a file
    // of its name on the upstream index must not get it installed here.
    if (project === found.facts.project) {
      return { ok: true, kind: "staged", page: stagedPage(project, await this.#visible(key, found.facts)) };
    }
    return this.#proxied(project, key.variant);
  }

  async stagedFile(
    key: IndexKey,
    { filename, sha256, metadata }: { readonly filename: string; readonly sha256: string; readonly metadata: boolean },
  ): Promise<StagedBlob | null> {
    const found = await this.#runs.find(key);
    if (!found.ok) return null;
    const files = await this.#visible(key, found.facts);
    const file = files.find((staged) => staged.filename === filename && staged.sha256 === sha256);
    const blob = metadata ? file?.metadataSha256 : file?.sha256;
    if (!blob) return null;
    const sizeBytes = await this.#blobs.size(blob);
    return sizeBytes === null ? null : { sha256: blob, sizeBytes, read: (range) => this.#blobs.read(blob, range) };
  }

  upstreamFile(source: UpstreamSource, file: WantedFile): Promise<UpstreamFile> {
    return this.#upstream.file(source, file);
  }

  async checkUpload(key: IndexKey, form: UploadForm): Promise<{ readonly ok: true } | StageRefusal | NoSuchIndex> {
    const found = await this.#runs.find(key);
    if (!found.ok) return found;
    const named = checkName(form.filename, found.facts.project);
    if (!named.ok) return named;
    if (form.name !== "" && normalName(form.name) !== found.facts.project) {
      const detail = `the form's name is ${JSON.stringify(form.name.slice(0, 200))}, the file is of ${found.facts.project}`;
      return { ok: false, reason: "refused", detail };
    }
    const present = (await this.#files(key, found.facts)).find(
      ({ filename, variant }) => filename === form.filename && variant === key.variant,
    );
    if (present && present.sha256 !== form.sha256) return { ok: false, reason: "other-bytes", sha256: present.sha256 };
    return { ok: true };
  }

  async upload(key: IndexKey, form: UploadForm, bytes: Readable, audit: AuditEntry): Promise<StageOutcome> {
    const found = await this.#runs.find(key);
    if (!found.ok) throw new Error(`r${key.run} has no index ${key.variant}, though it had one`);
    const { filename, sha256, requiresPython } = form;
    const stored = await this.#blobs.put(sha256, bytes);
    if (!stored.ok) return stored;
    const { project } = found.facts;
    const { sizeBytes } = stored;
    const file = { ...key, project, filename, sha256, sizeBytes, job: null };
    return this.#stager.stage({ ...file, requiresPython: requiresPython || null }, audit);
  }

  async staged(run: number): Promise<StagedOfRun | null> {
    const facts = await this.#runs.facts(run);
    if (!facts) return null;
    await this.#builds.settle(run, facts);
    const { jobs } = await this.#plans.get(run);
    return {
      files: await this.#store.files(run),
      refused: await this.#store.refused(run),
      jobName: (job) => jobs[job]?.name ?? "",
    };
  }

  async setYanked(
    run: number,
    { filename, variant }: { readonly filename: string; readonly variant: string | null },
    reason: string | null,
    audit: AuditEntry,
  ) {
    const facts = await this.#runs.facts(run);
    if (!facts) return { ok: false, reason: "no-such-run" } as const;
    await this.#builds.settle(run, facts);
    const changed = await this.#store.setYanked(run, { filename, variant }, reason, audit);
    if (changed === 0) return { ok: false, reason: "no-such-file" } as const;
    const files = (await this.#store.files(run)).filter(
      (file) => file.filename === filename && (variant === null || file.variant === variant),
    );
    return { ok: true, files } as const;
  }

  async #files({ run }: IndexKey, facts: RunFacts): Promise<readonly StagedFile[]> {
    await this.#builds.settle(run, facts);
    return this.#store.files(run);
  }

  /** The index's own files, and those of any variant whose names it does not have. */
  async #visible(key: IndexKey, facts: RunFacts): Promise<readonly StagedFile[]> {
    const files = await this.#files(key, facts);
    const own = files.filter(({ variant }) => variant === key.variant);
    if (key.variant === ANY_VARIANT) return own;
    const names = new Set(own.map(({ filename }) => filename));
    return [...own, ...files.filter(({ variant, filename }) => variant === ANY_VARIANT && !names.has(filename))];
  }

  async #proxied(project: string, variant: string): Promise<ProjectPage> {
    let configured = false;
    for (const source of sourcesOf(project, variant)) {
      const outcome = await this.#upstream.page(source, project);
      if (outcome.ok) return { ok: true, kind: "proxied", page: this.#rewrite(outcome.page, source) };
      if (outcome.reason === "unknown-project") configured = true;
      else if (outcome.reason !== "not-configured") return outcome;
    }
    return { ok: false, reason: configured ? "unknown-project" : "not-configured" };
  }

  #rewrite(page: IndexPage, source: UpstreamSource): IndexPage {
    const known = this.#rewritten.get(page);
    if (known) return known;
    const files = page.files.map((file): IndexFile => ({ ...file, url: proxiedUrl(page.project, file, source) }));
    const rewritten = { ...page, files };
    this.#rewritten.set(page, rewritten);
    return rewritten;
  }
}

/** In an address, where a digest belongs and none is known. */
export const NO_DIGEST = "unchecked";

/**
 * From a project's page. The same for every run, so that an installer's own
 * cache serves the next run, too; and with the digest in it, so that it never
 * serves other bytes.
 */
function proxiedUrl(project: string, { filename, sha256 }: IndexFile, source: UpstreamSource): string {
  return `../../../../upstream/${sourceName(source)}/${project}/${sha256 ?? NO_DIGEST}/${encodeURIComponent(filename)}`;
}

function stagedPage(project: string, staged: readonly StagedFile[]): IndexPage {
  const files = staged.map((file): IndexFile => ({
    filename: file.filename,
    url: `../../files/${file.sha256}/${encodeURIComponent(file.filename)}`,
    sha256: file.sha256,
    requiresPython: file.requiresPython,
    sizeBytes: file.sizeBytes,
    uploadTime: new Date(file.stagedAtMs).toISOString(),
    yanked: file.yanked,
    metadata: file.metadataSha256 === null ? null : { sha256: file.metadataSha256 },
  }));
  return { project, files, versions: [...new Set(staged.map(({ version }) => version))] };
}
