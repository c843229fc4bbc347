import { Redactor } from "./redactor.ts";
import { secretForms, type Secret } from "./secret-forms.ts";
import { SecretMatcher } from "./secret-matcher.ts";

/** Secrets that are learned while the agent runs; of more the one learned longest ago is forgotten. */
const LEARNED_MAX = 256;
const NOT_SEEN = "\0";

/** Every secret that this agent knows of, and what takes them out of what it reports. */
export class SecretBook {
  readonly #known: readonly Uint8Array[];
  readonly #learned = new Map<string, readonly Uint8Array[]>();
  /** However many they are. */
  readonly #held = new Set<readonly Uint8Array[]>();
  #matcher: SecretMatcher;

  constructor(secrets: readonly Secret[]) {
    this.#known = secrets.flatMap(secretForms);
    this.#matcher = new SecretMatcher(this.#known);
  }

  /** Holds from here on, also in output of jobs that run. */
  learn(secret: Secret): void {
    const key = `${secret.user ?? NOT_SEEN}\n${secret.value}`;
    const isNew = !this.#learned.delete(key);
    this.#learned.set(key, secretForms(secret));
    if (!isNew) return;
    if (this.#learned.size > LEARNED_MAX) this.#learned.delete(this.#learned.keys().next().value ?? "");
    this.#rebuild();
  }

  /** Holds from here until it is disposed of, however much is learned meanwhile; then they are secrets learned last. */
  hold(secrets: readonly Secret[]): Disposable {
    const forms = secrets.flatMap(secretForms);
    this.#held.add(forms);
    this.#rebuild();
    return {
      [Symbol.dispose]: () => {
        if (!this.#held.delete(forms)) return;
        for (const secret of secrets) this.learn(secret);
        this.#rebuild();
      },
    };
  }

  #rebuild(): void {
    const held = [...this.#held].flat();
    this.#matcher = new SecretMatcher([...this.#known, ...held, ...[...this.#learned.values()].flat()]);
  }

  /** For one stream of output. */
  redactor(emit: (bytes: Uint8Array) => void): Redactor {
    return new Redactor(() => this.#matcher, emit);
  }

  /** A whole text without its secrets. */
  redactText(text: string): string {
    if (this.#matcher.isEmpty || text.length === 0) return text;
    const parts: Uint8Array[] = [];
    const redactor = this.redactor((part) => parts.push(part.slice()));
    redactor.push(new TextEncoder().encode(text.toWellFormed()));
    redactor.flush();
    const decoder = new TextDecoder();
    return parts.map((part) => decoder.decode(part, { stream: true })).join("") + decoder.decode();
  }

  /** The same value with every text in it, however deep, without its secrets. Names of fields stay. */
  redactIn<T>(value: T): T {
    if (typeof value === "string") return this.redactText(value) as T;
    if (Array.isArray(value)) return value.map((one: unknown) => this.redactIn(one)) as T;
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, this.redactIn(one)])) as T;
  }
}
