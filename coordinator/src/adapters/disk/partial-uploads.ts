import { mkdir, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";

/** What is kept of uploads that broke off. Those under way do not count: who starts them bounds them. */
export interface PartialBounds {
  readonly countMax: number;
  readonly bytesMax: number;
  /** Since the last byte came. */
  readonly ageMaxMs: number;
}

export interface PartialUploadsOptions extends PartialBounds {
  readonly nowMs: () => number;
  /** Called for each upload that is dropped because of `countMax` or `bytesMax`. */
  readonly onDropped: () => void;
}

export type Claim =
  | { readonly ok: true; readonly partial: ClaimedPartial }
  | { readonly ok: false; readonly reason: "under-way" }
  | { readonly ok: false; readonly reason: "beyond-received"; readonly receivedBytes: number };

/** A partial file that nobody else writes to until it is released. */
export interface ClaimedPartial {
  readonly path: string;
  /** Call once, when the file is closed. Without `keep`, or when nothing is in it, it is removed. */
  release(keep: boolean): Promise<void>;
}

interface Kept {
  readonly bytes: number;
  readonly touchedMs: number;
}

/** Opens a folder with one file per broken upload, named by its digest; what is out of bounds goes. */
export async function openPartialUploads(folder: string, options: PartialUploadsOptions): Promise<PartialUploads> {
  await mkdir(folder, { recursive: true });
  const found: [string, Kept][] = [];
  for (const name of await readdir(folder)) {
    const { size, mtimeMs } = await stat(join(folder, name));
    found.push([name, { bytes: size, touchedMs: mtimeMs }]);
  }
  const partials = new PartialUploads(folder, options, found);
  await partials.keepToBounds();
  return partials;
}

/** Which uploads broke off, how far they came, and who goes on with one. */
export class PartialUploads {
  readonly #folder: string;
  readonly #options: PartialUploadsOptions;
  /** The one that broke off longest ago first. */
  readonly #kept: Map<string, Kept>;
  readonly #underWay = new Set<string>();

  constructor(folder: string, options: PartialUploadsOptions, found: readonly (readonly [string, Kept])[]) {
    this.#folder = folder;
    this.#options = options;
    this.#kept = new Map(found.toSorted(([, a], [, b]) => a.touchedMs - b.touchedMs));
  }

  /** Bytes that are there, also of an upload that is under way and may break off. */
  async receivedBytes(sha256: string): Promise<number> {
    if (this.#underWay.has(sha256)) return sizeOf(this.#path(sha256));
    const kept = this.#kept.get(sha256);
    return kept && !this.#isTooOld(kept) ? kept.bytes : 0;
  }

  claim(sha256: string, fromBytes: number): Claim {
    if (this.#underWay.has(sha256)) return { ok: false, reason: "under-way" };
    const kept = this.#kept.get(sha256);
    const receivedBytes = kept && !this.#isTooOld(kept) ? kept.bytes : 0;
    if (fromBytes > receivedBytes) return { ok: false, reason: "beyond-received", receivedBytes };
    this.#kept.delete(sha256);
    this.#underWay.add(sha256);
    const path = this.#path(sha256);
    return { ok: true, partial: { path, release: (keep) => this.#release(sha256, keep) } };
  }

  /** Removes what is too old or too much. */
  async keepToBounds(): Promise<void> {
    const dropped = this.#takeOutOfBounds();
    // Under way while it is removed: an upload that starts anew must not lose its file to this.
    for (const sha256 of dropped) this.#underWay.add(sha256);
    for (const sha256 of dropped) {
      try {
        await rm(this.#path(sha256), { recursive: true, force: true });
      } finally {
        this.#underWay.delete(sha256);
      }
    }
  }

  /** In one turn of the event loop, so that two calls at once do not drop more than they must. */
  #takeOutOfBounds(): string[] {
    const { countMax, bytesMax, onDropped } = this.#options;
    const dropped: string[] = [];
    let bytes = 0;
    for (const kept of this.#kept.values()) bytes += kept.bytes;
    for (const [sha256, kept] of this.#kept) {
      const isTooOld = this.#isTooOld(kept);
      if (!isTooOld && this.#kept.size <= countMax && bytes <= bytesMax) break;
      bytes -= kept.bytes;
      this.#kept.delete(sha256);
      dropped.push(sha256);
      if (!isTooOld) onDropped();
    }
    return dropped;
  }

  async #release(sha256: string, keep: boolean): Promise<void> {
    const path = this.#path(sha256);
    try {
      const bytes = keep ? await sizeOf(path) : 0;
      if (bytes > 0) this.#kept.set(sha256, { bytes, touchedMs: this.#options.nowMs() });
      else await rm(path, { force: true });
    } finally {
      this.#underWay.delete(sha256);
    }
    await this.keepToBounds();
  }

  #isTooOld({ touchedMs }: Kept): boolean {
    return this.#options.nowMs() - touchedMs > this.#options.ageMaxMs;
  }

  #path(sha256: string): string {
    return join(this.#folder, sha256);
  }
}

async function sizeOf(path: string): Promise<number> {
  const found = await stat(path).catch((cause: NodeJS.ErrnoException) => {
    // An upload under way may not have made its file yet, or have just been given its name.
    if (cause.code === "ENOENT") return null;
    throw cause;
  });
  return found?.size ?? 0;
}
