import { formatBytes } from "./units.ts";

/** What an engine reports of a pull, one at a time. */
export interface PullEvent {
  /** The layer; absent when it is about the whole image. */
  readonly id?: string | undefined;
  readonly status?: string | undefined;
  readonly progressDetail?: { readonly current?: number | undefined; readonly total?: number | undefined } | undefined;
}

interface Layer {
  readonly currentBytes: number;
  readonly totalBytes: number;
  readonly isDone: boolean;
}

const DONE = /^(?:Pull complete|Already exists|Download complete)$/;

/** Puts the events of a pull, hundreds a second, together into what a log can hold. */
export class PullProgress {
  readonly #layers = new Map<string, Layer>();

  apply({ id, status = "", progressDetail }: PullEvent): void {
    // The first event of a pull has the tag for its id.
    if (id === undefined || status.startsWith("Pulling from")) return;
    const before = this.#layers.get(id) ?? { currentBytes: 0, totalBytes: 0, isDone: false };
    const isDownload = status === "Downloading";
    this.#layers.set(id, {
      currentBytes: isDownload ? Math.max(before.currentBytes, progressDetail?.current ?? 0) : before.currentBytes,
      totalBytes: isDownload ? Math.max(before.totalBytes, progressDetail?.total ?? 0) : before.totalBytes,
      isDone: before.isDone || DONE.test(status),
    });
  }

  /** "2 of 5 layers, 45 MiB of 120 MiB"; empty while nothing is known. */
  line(): string {
    if (this.#layers.size === 0) return "";
    let done = 0;
    let currentBytes = 0;
    let totalBytes = 0;
    for (const layer of this.#layers.values()) {
      if (layer.isDone) done++;
      currentBytes += layer.isDone ? layer.totalBytes : layer.currentBytes;
      totalBytes += layer.totalBytes;
    }
    const layers = `${done} of ${this.#layers.size} layers`;
    return totalBytes === 0 ? layers : `${layers}, ${formatBytes(currentBytes)} of ${formatBytes(totalBytes)}`;
  }
}
