import { Interrupted } from "./cli-error.ts";

export interface Interrupts {
  /** Aborted, with an Interrupted as its reason, at the first request to end. */
  readonly first: AbortSignal;
  /** Aborted at the second; `onSecond` runs after its listeners. */
  readonly second: AbortSignal;
  /** Ends the command as the first request does, for another reason. */
  end(): void;
}

/** Watches for Ctrl-C, SIGTERM and a closed terminal. */
export function watchInterrupts(process: NodeJS.EventEmitter, onSecond: () => void): Interrupts {
  const first = new AbortController();
  const second = new AbortController();
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.on(name, () => {
      if (!first.signal.aborted) {
        first.abort(new Interrupted());
      } else {
        second.abort(new Interrupted());
        onSecond();
      }
    });
  }
  return { first: first.signal, second: second.signal, end: () => first.abort(new Interrupted()) };
}
