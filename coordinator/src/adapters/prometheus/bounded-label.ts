/**
 * Lets through the values of a label that are known, and others until there are
 * `valuesMax` in all; the rest become `other`. Each value is a time series that
 * Prometheus keeps for ever, so no mistake elsewhere may make them without end.
 */
export class BoundedLabel {
  readonly #seen: Set<string>;
  readonly #valuesMax: number;

  constructor(known: readonly string[], valuesMax: number) {
    this.#seen = new Set(known);
    this.#valuesMax = valuesMax;
  }

  bound(value: string): string {
    if (this.#seen.has(value)) return value;
    if (this.#seen.size >= this.#valuesMax) return "other";
    this.#seen.add(value);
    return value;
  }
}
