import { attemptId, type AttemptKey } from "../domain/attempt-key.ts";
import type { RunChanges } from "./api.ts";

/** Tells readers that something changed; they look up what. Holds nothing but listeners. */
export class ChangeHub implements RunChanges {
  readonly #runs = new Map<number, Set<() => void>>();
  readonly #logs = new Map<string, Set<() => void>>();
  readonly #builds = new Set<(run: number) => void>();
  readonly #completed = new Set<(run: number) => void>();
  readonly #judged = new Set<(run: number) => void>();

  onRunChanged(run: number, listener: () => void): Disposable {
    return subscribe(this.#runs, run, listener);
  }

  onLogChanged(key: AttemptKey, listener: () => void): Disposable {
    return subscribe(this.#logs, attemptId(key), listener);
  }

  /** Calls `listener` with every run of which a build has passed, once that is durable. */
  onBuilt(listener: (run: number) => void): void {
    this.#builds.add(listener);
  }

  /** Calls `listener` with every run whose jobs have all ended, once that is durable. */
  onCompleted(listener: (run: number) => void): void {
    this.#completed.add(listener);
  }

  /** Calls `listener` with every run that was judged, or judged anew, once that is durable. */
  onJudged(listener: (run: number) => void): void {
    this.#judged.add(listener);
  }

  judged(run: number): void {
    for (const listener of this.#judged) listener(run);
  }

  completed(run: number): void {
    for (const listener of this.#completed) listener(run);
  }

  built(run: number): void {
    for (const listener of this.#builds) listener(run);
  }

  runChanged(run: number): void {
    for (const listener of this.#runs.get(run) ?? []) listener();
  }

  logChanged(key: AttemptKey): void {
    if (this.#logs.size === 0) return;
    for (const listener of this.#logs.get(attemptId(key)) ?? []) listener();
  }
}

function subscribe<K>(listeners: Map<K, Set<() => void>>, key: K, listener: () => void): Disposable {
  const set = listeners.get(key) ?? new Set();
  listeners.set(key, set.add(listener));
  return {
    [Symbol.dispose]() {
      set.delete(listener);
      if (set.size === 0 && listeners.get(key) === set) listeners.delete(key);
    },
  };
}
