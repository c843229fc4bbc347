import { readFileSync, renameSync, writeFileSync } from "node:fs";
import type { PulledImage } from "../../domain/image-cache.ts";
import type { PythonsOfImage } from "./image-pythons.ts";

/** Images whose interpreters are remembered. */
const PROBED_MAX = 200;

/** What an agent knows of images, kept on disk: which ones it pulled, and what is in them. An image's id is of its content, so both stay true. */
export class ImageRecords {
  readonly #path: string;
  readonly #pulled = new Map<string, PulledImage>();
  readonly #probed = new Map<string, PythonsOfImage>();

  constructor(path: string) {
    this.#path = path;
    try {
      const { pulled, probed } = JSON.parse(readFileSync(path, "utf8")) as Stored;
      for (const image of pulled) this.#pulled.set(image.id, image);
      for (const [id, pythons] of Object.entries(probed)) this.#probed.set(id, pythons);
    } catch {
      // None yet, or damaged: what was pulled before then is nobody's to remove.
    }
  }

  get pulled(): readonly PulledImage[] {
    return [...this.#pulled.values()];
  }

  get probedIds(): ReadonlySet<string> {
    return new Set(this.#probed.keys());
  }

  pythonsOf(id: string): PythonsOfImage | null {
    return this.#probed.get(id) ?? null;
  }

  setPythons(id: string, pythons: PythonsOfImage): void {
    this.#probed.delete(id);
    this.#probed.set(id, pythons);
    for (const oldest of this.#probed.keys()) {
      if (this.#probed.size <= PROBED_MAX) break;
      this.#probed.delete(oldest);
    }
    this.#save();
  }

  setPulled(image: PulledImage): void {
    this.#pulled.set(image.id, image);
    this.#save();
  }

  /** Does nothing for an image that others brought. */
  touch(id: string, nowMs: number): void {
    const image = this.#pulled.get(id);
    if (image) this.setPulled({ ...image, lastUsedAtMs: nowMs });
  }

  forget(id: string): void {
    if (this.#pulled.delete(id)) this.#save();
  }

  #save(): void {
    const stored: Stored = { pulled: this.pulled, probed: Object.fromEntries(this.#probed) };
    const temporary = `${this.#path}.${process.pid}`;
    writeFileSync(temporary, JSON.stringify(stored), { mode: 0o600 });
    renameSync(temporary, this.#path);
  }
}

interface Stored {
  readonly pulled: readonly PulledImage[];
  readonly probed: Readonly<Record<string, PythonsOfImage>>;
}
