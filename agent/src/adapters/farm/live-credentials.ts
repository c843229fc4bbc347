import type { Credentials, CredentialSource } from "../../ports/credentials.ts";

/** The credentials that this process uses, and who wants to know when they are replaced. */
export class LiveCredentials implements CredentialSource {
  #current: Credentials;
  readonly #watchers = new Set<() => void>();

  constructor(first: Credentials) {
    this.#current = first;
  }

  current(): Credentials {
    return this.#current;
  }

  replace(next: Credentials): void {
    this.#current = next;
    for (const watcher of this.#watchers) watcher();
  }

  watch(replaced: () => void): () => void {
    this.#watchers.add(replaced);
    return () => void this.#watchers.delete(replaced);
  }
}
