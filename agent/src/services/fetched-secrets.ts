import type { AttemptRef } from "../domain/attempt-key.ts";
import { backoffMs } from "../domain/backoff.ts";
import type { SecretBook } from "../domain/redaction/secret-book.ts";
import type { Clock } from "../ports/clock.ts";
import type { Coordinator } from "../ports/coordinator.ts";
import type { JobSecrets, SecretSource } from "../ports/secret-source.ts";

const BACKOFF = { baseMs: 200, capMs: 5_000 };
/** How long a job waits for a coordinator that is away. */
const PATIENCE_MS = 120_000;

export interface FetchedSecretsParts {
  readonly coordinator: Pick<Coordinator, "fetchSecrets">;
  readonly secrets: SecretBook;
  readonly clock: Clock;
  readonly random: () => number;
}

/** Asks the coordinator for a job's secrets, and has them redacted before anybody else sees them. */
export class FetchedSecrets implements SecretSource {
  readonly #parts: FetchedSecretsParts;
  readonly #ids: { readonly agentId: string; readonly sessionId: string };

  constructor(parts: FetchedSecretsParts, ids: { readonly agentId: string; readonly sessionId: string }) {
    this.#parts = parts;
    this.#ids = ids;
  }

  async fetch(ref: AttemptRef, names: readonly string[], signal: AbortSignal): Promise<JobSecrets> {
    const { coordinator, clock, random } = this.#parts;
    const deadlineMs = clock.nowMs() + PATIENCE_MS;
    for (let failures = 1; ; failures += 1) {
      if (signal.aborted) return { ok: false, message: "the job was stopped" };
      const answer = await coordinator.fetchSecrets({ ...this.#ids, ref });
      if (answer.ok) return this.#held(names, answer.values);
      if (!answer.isPassing || clock.nowMs() >= deadlineMs) return answer;
      await this.#pause(backoffMs(failures, random(), BACKOFF), signal);
    }
  }

  #held(names: readonly string[], given: Readonly<Record<string, string>>): JobSecrets {
    const values: [string, string][] = [];
    for (const name of names) {
      const value = Object.hasOwn(given, name) ? given[name] : undefined;
      if (value === undefined) return { ok: false, message: `the coordinator did not give ${name}` };
      values.push([name, value]);
    }
    const hold = this.#parts.secrets.hold(values.map(([, value]) => ({ value })));
    return {
      ok: true,
      values: Object.fromEntries(values),
      redactorOf: (emit) => this.#parts.secrets.redactor(emit),
      [Symbol.dispose]: () => hold[Symbol.dispose](),
    };
  }

  #pause(delayMs: number, signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = this.#parts.clock.after(delayMs, resolve);
    const stop = (): void => (cancel(), resolve());
    signal.addEventListener("abort", stop, { once: true });
    return promise.finally(() => signal.removeEventListener("abort", stop));
  }
}
