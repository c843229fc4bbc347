import { SPEC_LIMITS } from "./spec-limits.ts";
import type { SpecProblem } from "./spec.ts";
import type { Place } from "./yaml-value.ts";

/** Collects every mistake of one file. */
export class ProblemList {
  readonly #file: string;
  readonly #problems: SpecProblem[] = [];
  readonly #places = new Set<string>();
  #believable: (line: number) => boolean = () => true;

  constructor(file: string) {
    this.#file = file;
  }

  /** From now on, problems on lines that are not believable are dropped. */
  believeOnly(believable: (line: number) => boolean): void {
    this.#believable = believable;
  }

  add(at: Place, path: string, message: string, suggestion = ""): void {
    if (!this.#believable(at.line)) return;
    this.#places.add(`${at.line}:${at.column}`);
    this.#problems.push({ file: this.#file, line: at.line, column: at.column, path, message, suggestion });
  }

  /** Whether something is wrong there already: an alias leads to one place many times, and a good suggestion is not cheap. */
  has(at: Place): boolean {
    return this.#places.has(`${at.line}:${at.column}`);
  }

  /** In the order of the file, one for each place: what comes after the first follows from it.
   * Past the limit, one last problem says how many more there are.
   */
  inOrder(): readonly SpecProblem[] {
    const byPlace = new Map<string, SpecProblem>();
    for (const problem of this.#problems) {
      const place = `${problem.line}:${problem.column}`;
      if (!byPlace.has(place)) byPlace.set(place, problem);
    }
    const sorted = [...byPlace.values()].sort((a, b) => a.line - b.line || a.column - b.column);
    const shown = sorted.slice(0, SPEC_LIMITS.problemsMax);
    const next = sorted[SPEC_LIMITS.problemsMax];
    if (!next) return shown;
    const more = sorted.length - shown.length;
    return [
      ...shown,
      { ...next, path: "", message: `${more} more problems from here on are not shown`, suggestion: "" },
    ];
  }
}
