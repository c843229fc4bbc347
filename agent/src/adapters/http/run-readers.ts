import type { RunReader } from "@kiln/proto";
import type { SecretBook } from "../../domain/redaction/secret-book.ts";
import type { FarmHttp } from "../../ports/farm-http.ts";
import { FinalError, refusalOf } from "./refusal.ts";
import { retrying, type RetryParts } from "./retrying.ts";

/** Runs whose readers are kept; of more the one asked for longest ago is asked for again. */
const KEPT_MAX = 200;

/**
 * Who reads a run's index, told by the coordinator to agents that hold an
 * attempt of that run. The password is a secret of this agent before anybody
 * gets it.
 */
export class RunReaders {
  readonly #http: FarmHttp;
  readonly #secrets: SecretBook;
  readonly #parts: RetryParts;
  readonly #known = new Map<number, RunReader>();

  constructor(http: FarmHttp, secrets: SecretBook, parts: RetryParts) {
    this.#http = http;
    this.#secrets = secrets;
    this.#parts = parts;
  }

  /** Waits for the coordinator as long as it takes. Throws when it refuses, and when the signal is aborted. */
  async of(run: number, signal: AbortSignal): Promise<RunReader> {
    const reader = this.#known.get(run) ?? (await this.#ask(run, signal));
    this.#known.delete(run);
    this.#known.set(run, reader);
    if (this.#known.size > KEPT_MAX) this.#known.delete(this.#known.keys().next().value ?? run);
    this.#secrets.learn({ user: reader.user, value: reader.password });
    return reader;
  }

  #ask(run: number, signal: AbortSignal): Promise<RunReader> {
    return retrying("the reader of a run's index could not be had", this.#parts, signal, async () => {
      const response = await this.#http.fetch(`/api/v1/runs/r${run}/reader`, { signal });
      if (!response.ok) throw await refusalOf("the coordinator did not say who reads the run's index", response);
      const { user, password } = (await response.json()) as Partial<RunReader>;
      if (typeof user === "string" && typeof password === "string") return { user, password };
      throw new FinalError("the coordinator named nobody who reads the run's index");
    });
  }
}
