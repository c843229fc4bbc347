import type { JunitCase } from "./junit-case.ts";
import type { ResultsSink } from "./results-elements.ts";

/** What became of tests that were run again. */
export class RepeatedTests implements ResultsSink {
  readonly #passed = new Set<string>();
  readonly #others = new Set<string>();

  testCase({ key, outcome }: JunitCase): void {
    (outcome === "passed" || outcome === "flaky" ? this.#passed : this.#others).add(key);
  }

  duration(): void {
    // Of the first run only.
  }

  coverage(): void {
    // What a part of the tests covers says nothing.
  }

  /** Tests that passed, in every one of their cases. */
  get passed(): ReadonlySet<string> {
    return this.#passed.difference(this.#others);
  }
}
