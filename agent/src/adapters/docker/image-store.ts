import type Docker from "dockerode";
import type { ContainerLimits } from "../../domain/container-job.ts";
import { imagesToRemove } from "../../domain/image-cache.ts";
import { parseImageReference, repositoryDigest, type ImageReference } from "../../domain/image-reference.ts";
import type { Interpreter } from "../../domain/interpreter.ts";
import type { SecretBook } from "../../domain/redaction/secret-book.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Log } from "../../ports/log.ts";
import { engineMessage, statusOf } from "./engine.ts";
import { parsePythons, SEARCH_ARGV, type PythonsOfImage } from "./image-pythons.ts";
import type { ImageRecords } from "./image-records.ts";
import { pullImage, type PullResult } from "./pull-image.ts";
import { runToEnd } from "./run-to-end.ts";

const PROBE_TIMEOUT_MS = 120_000;

export interface ImageStoreOptions {
  /** Whether a tag that is here already is asked for again. */
  readonly pull: "missing" | "always" | "never";
  /** Of what this agent pulled; what others brought is theirs. */
  readonly bytesMax: number;
  /** Where the user's Docker configuration is found. */
  readonly env: NodeJS.ProcessEnv;
  /** Told of every credential before it is used. */
  readonly secrets: SecretBook;
  readonly limits: ContainerLimits;
  readonly user: () => Promise<string>;
  readonly labels: Readonly<Record<string, string>>;
}

/** An image that is here, pinned: whatever happens to its tag, this is what a job runs in. */
export interface ReadyImage {
  readonly reference: ImageReference;
  /** "sha256:…" of its configuration. */
  readonly id: string;
  /** "name@sha256:…" as its registry knows it; null for an image made here. */
  readonly digest: string | null;
  readonly env: Readonly<Record<string, string>>;
  readonly pythons: readonly Interpreter[];
  readonly problems: readonly string[];
}

export type ImageResult =
  | { readonly ok: true; readonly image: ReadyImage }
  /** `isMissing`: there is no such image, and trying again will not bring it. */
  | { readonly ok: false; readonly isMissing: boolean; readonly message: string };

interface SharedPull {
  readonly result: Promise<PullResult>;
  readonly readers: Set<(line: string) => void>;
  readonly stop: AbortController;
}

/** The images that jobs run in: brought when they are missing, looked into once, and removed when they are too many. */
export class ImageStore {
  readonly #docker: Docker;
  readonly #records: ImageRecords;
  readonly #options: ImageStoreOptions;
  readonly #parts: { readonly clock: Clock; readonly log: Log };
  /** Pulls under way, by reference: jobs that need the same image share one. */
  readonly #pulls = new Map<string, SharedPull>();
  readonly #probes = new Map<string, Promise<PythonsOfImage | string>>();
  /** How many jobs use an image, by its id. */
  readonly #uses = new Map<string, number>();

  constructor(
    docker: Docker,
    records: ImageRecords,
    options: ImageStoreOptions,
    parts: { readonly clock: Clock; readonly log: Log },
  ) {
    this.#docker = docker;
    this.#records = records;
    this.#options = options;
    this.#parts = parts;
  }

  /** The image, when nothing has to be pulled or looked into for it. Rejects when the engine does not answer. */
  async find(text: string): Promise<ReadyImage | null> {
    const reference = parseImageReference(text);
    if (!reference || this.#isAskedAgain(reference)) return null;
    const found = await this.#inspect(reference.text);
    const pythons = found && this.#records.pythonsOf(found.id);
    return found && pythons ? ready(reference, found, pythons) : null;
  }

  /** Brings an image; `note` gets lines for the job's log. Rejects when the engine does not answer. */
  async prepare(text: string, note: (line: string) => void, signal: AbortSignal): Promise<ImageResult> {
    const reference = parseImageReference(text);
    if (!reference) return { ok: false, isMissing: true, message: `"${text}" is no reference to an image` };
    let found = await this.#inspect(reference.text);
    if (!found || this.#isAskedAgain(reference)) {
      const pulled = await this.#pull(reference, found, note, signal);
      if (!pulled.ok) return pulled;
      found = await this.#inspect(reference.text);
    }
    if (!found)
      return { ok: false, isMissing: false, message: `the engine pulled ${reference.text} and does not have it` };
    const pythons = await this.#pythonsOf(found.id);
    if (typeof pythons === "string") {
      return { ok: false, isMissing: false, message: `${reference.text} could not be looked into: ${pythons}` };
    }
    return { ok: true, image: ready(reference, found, pythons) };
  }

  /** Keeps an image from being removed; the function that it gives ends that. */
  use(id: string): () => void {
    this.#uses.set(id, (this.#uses.get(id) ?? 0) + 1);
    this.#records.touch(id, this.#parts.clock.nowMs());
    let isUsed = true;
    return () => {
      if (!isUsed) return;
      isUsed = false;
      const left = (this.#uses.get(id) ?? 1) - 1;
      if (left > 0) this.#uses.set(id, left);
      else this.#uses.delete(id);
      void this.keepToLimit();
    };
  }

  /** Removes what this agent pulled past its limit. Never rejects. */
  async keepToLimit(): Promise<void> {
    const { log } = this.#parts;
    const isInUse = (id: string): boolean => this.#uses.has(id);
    for (const image of imagesToRemove(this.#records.pulled, this.#options.bytesMax, isInUse)) {
      // Not forced, and by the name it was pulled as: what others named or run stays.
      try {
        await this.#docker.getImage(image.reference).remove();
        log.info({ image: image.reference, sizeBytes: image.sizeBytes }, "removed an image that was pulled");
      } catch (cause) {
        if (statusOf(cause) !== 404) {
          log.warn({ image: image.reference, reason: engineMessage(cause) }, "an image could not be removed");
          continue;
        }
      }
      this.#records.forget(image.id);
    }
  }

  #isAskedAgain({ digest }: ImageReference): boolean {
    return this.#options.pull === "always" && digest === null;
  }

  async #pull(
    reference: ImageReference,
    before: FoundImage | null,
    note: (line: string) => void,
    signal: AbortSignal,
  ): Promise<PullResult> {
    const { text, registry } = reference;
    if (this.#options.pull === "never") {
      return before ? { ok: true } : { ok: false, isMissing: true, message: `${text} is not here, and pulling is off` };
    }
    const shared = this.#pulls.get(text) ?? this.#startPull(reference);
    const report = (line: string): void => note(`pulling ${text}: ${line}`);
    shared.readers.add(report);
    const { promise: left, resolve } = Promise.withResolvers<PullResult>();
    const leave = (): void => {
      shared.readers.delete(report);
      // Nobody waits for it any more.
      if (shared.readers.size === 0) shared.stop.abort();
      resolve({ ok: false, isMissing: false, message: "the job was stopped" });
    };
    signal.addEventListener("abort", leave, { once: true });
    note(`pulling ${text} from ${registry}`);
    const result = await Promise.race([shared.result, left]);
    signal.removeEventListener("abort", leave);
    shared.readers.delete(report);
    if (result.ok) return result;
    const message = `${text} could not be pulled: ${result.message}`;
    if (!before || result.isMissing) return { ...result, message };
    note(`${message}; going on with the one that is here`);
    return { ok: true };
  }

  #startPull(reference: ImageReference): SharedPull {
    const readers = new Set<(line: string) => void>();
    const stop = new AbortController();
    const report = (line: string): void => readers.forEach((reader) => reader(line));
    const result = this.#pullAndRecord(reference, report, stop.signal).finally(() =>
      this.#pulls.delete(reference.text),
    );
    const shared = { result, readers, stop };
    this.#pulls.set(reference.text, shared);
    return shared;
  }

  async #pullAndRecord(
    reference: ImageReference,
    report: (line: string) => void,
    signal: AbortSignal,
  ): Promise<PullResult> {
    const known = new Set((await this.#docker.listImages()).map(({ Id: id }) => imageId(id)));
    const result = await pullImage(this.#docker, reference, this.#options, report, signal);
    const found = result.ok ? await this.#inspect(reference.text) : null;
    if (found && !known.has(found.id)) {
      const { id, sizeBytes } = found;
      const lastUsedAtMs = this.#parts.clock.nowMs();
      this.#records.setPulled({ id, reference: reference.text, sizeBytes, lastUsedAtMs });
      this.#parts.log.info({ image: reference.text, id, sizeBytes }, "pulled an image");
    }
    return result;
  }

  async #pythonsOf(id: string): Promise<PythonsOfImage | string> {
    const known = this.#records.pythonsOf(id);
    if (known) return known;
    let probe = this.#probes.get(id);
    if (!probe) {
      probe = this.#probe(id).finally(() => this.#probes.delete(id));
      this.#probes.set(id, probe);
    }
    return probe;
  }

  async #probe(imageId: string): Promise<PythonsOfImage | string> {
    const { limits, labels } = this.#options;
    const spec = {
      imageId,
      argv: SEARCH_ARGV,
      cwd: "/",
      env: {},
      mounts: [],
      network: "none",
      gpus: [],
      limits,
      user: await this.#options.user(),
      labels,
    };
    const { ok, output } = await runToEnd(this.#docker, spec, PROBE_TIMEOUT_MS, this.#parts.log);
    if (!ok) return output.trim().slice(-300);
    const pythons = parsePythons(output);
    this.#records.setPythons(imageId, pythons);
    return pythons;
  }

  async #inspect(text: string): Promise<FoundImage | null> {
    try {
      const {
        Id: id,
        RepoDigests: digests,
        Size: sizeBytes,
        Config: config,
      } = await this.#docker.getImage(text).inspect();
      const env: Record<string, string> = {};
      for (const entry of config.Env ?? []) {
        const [name = ""] = entry.split("=", 1);
        env[name] = entry.slice(name.length + 1);
      }
      return { id: imageId(id), digests: digests ?? [], sizeBytes, env };
    } catch (cause) {
      if (statusOf(cause) === 404) return null;
      throw cause;
    }
  }
}

interface FoundImage {
  readonly id: string;
  readonly digests: readonly string[];
  readonly sizeBytes: number;
  readonly env: Readonly<Record<string, string>>;
}

function ready(reference: ImageReference, found: FoundImage, pythons: PythonsOfImage): ReadyImage {
  const { id, env, digests } = found;
  return { reference, id, env, digest: repositoryDigest(reference, digests), ...pythons };
}

function imageId(id: string): string {
  return id.startsWith("sha256:") ? id : `sha256:${id}`;
}
