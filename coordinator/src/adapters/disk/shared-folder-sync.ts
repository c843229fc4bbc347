import { syncFolder } from "./sync-folder.ts";

/**
 * Syncs folders for many callers: whoever asks while a sync of the folder is under
 * way shares the next one, which is the first that surely covers what they did.
 */
export class SharedFolderSync {
  readonly #running = new Map<string, Promise<void>>();
  readonly #next = new Map<string, Promise<void>>();

  sync(folder: string): Promise<void> {
    const running = this.#running.get(folder);
    if (!running) return this.#start(folder);
    const next =
      this.#next.get(folder) ??
      running.then(
        () => this.#startNext(folder),
        () => this.#startNext(folder),
      );
    this.#next.set(folder, next);
    return next;
  }

  #startNext(folder: string): Promise<void> {
    this.#next.delete(folder);
    return this.#start(folder);
  }

  #start(folder: string): Promise<void> {
    const running = syncFolder(folder).finally(() => {
      if (this.#running.get(folder) === running) this.#running.delete(folder);
    });
    this.#running.set(folder, running);
    return running;
  }
}
