import type { AttemptRef } from "../domain/attempt-key.ts";

/** Takes secrets out of one stream of bytes; `emit` copies what it keeps. */
export type RedactorOf = (emit: (bytes: Uint8Array) => void) => {
  push(bytes: Uint8Array): void;
  /** Passes on what is held back. */
  flush(): void;
};

export type JobSecrets =
  /** Until it is disposed of, whatever the agent reports is without these values. */
  | ({
      readonly ok: true;
      readonly values: Readonly<Record<string, string>>;
      readonly redactorOf: RedactorOf;
    } & Disposable)
  /** `message` says what cannot be had, and why. */
  | { readonly ok: false; readonly message: string };

/** Where the secrets that a job names come from. */
export interface SecretSource {
  /** All of `names` or none. Waits for a coordinator that is away, for a while, or until the signal. Never rejects. */
  fetch(ref: AttemptRef, names: readonly string[], signal: AbortSignal): Promise<JobSecrets>;
}
