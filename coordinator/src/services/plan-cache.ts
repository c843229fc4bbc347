import type { Plan } from "@kiln/matrix";
import type { Store } from "../ports/store.ts";

/** Plans of runs that are being worked on, least recently used dropped first. */
export class PlanCache {
  readonly #store: Store;
  readonly #charsMax: number;
  readonly #entries = new Map<number, { readonly plan: Plan; readonly chars: number }>();
  #chars = 0;

  /** `charsMax` bounds the JSON text of the plans that are kept. */
  constructor(store: Store, charsMax: number) {
    this.#store = store;
    this.#charsMax = charsMax;
  }

  put(run: number, plan: Plan, json: string): void {
    this.#forget(run);
    this.#entries.set(run, { plan, chars: json.length });
    this.#chars += json.length;
    for (const oldest of this.#entries.keys()) {
      if (this.#chars <= this.#charsMax || oldest === run) break;
      this.#forget(oldest);
    }
  }

  /** Throws when there is no such run. */
  async get(run: number): Promise<Plan> {
    const entry = this.#entries.get(run);
    if (entry) {
      this.#entries.delete(run);
      this.#entries.set(run, entry);
      return entry.plan;
    }
    const json = await this.#store.planJson(run);
    if (json === null) throw new Error(`the store has no plan of r${run}`);
    // Written by this program; its form is that of the package that made it.
    const plan = JSON.parse(json) as Plan;
    this.put(run, plan, json);
    return plan;
  }

  #forget(run: number): void {
    const entry = this.#entries.get(run);
    if (!entry) return;
    this.#entries.delete(run);
    this.#chars -= entry.chars;
  }
}
