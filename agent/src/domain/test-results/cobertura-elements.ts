import type { Coverage } from "../report.ts";
import { ResultsError } from "./results-error.ts";
import type { ResultsElement, ResultsElements } from "./results-elements.ts";

/**
 * The elements of a Cobertura file, such as coverage.py's. The root counts lines
 * and branches in newer ones; older ones are counted line by line, without the
 * lines of `<methods>`, which are those of their class.
 */
export class CoberturaElements implements ResultsElements {
  readonly #done: (found: Coverage) => void;
  #root: ResultsElement | null = null;
  #methods = 0;
  readonly #counted = { lines: 0, linesCovered: 0, branches: 0, branchesCovered: 0 };

  constructor(done: (found: Coverage) => void) {
    this.#done = done;
  }

  open(element: ResultsElement): void {
    this.#root ??= element;
    if (element.name === "methods") this.#methods++;
    if (element.name !== "line" || this.#methods > 0) return;
    const hits = count(element, "hits");
    if (hits === null) throw new ResultsError(element.line, "a <line> has no hits");
    this.#counted.lines++;
    if (hits > 0) this.#counted.linesCovered++;
    const conditions = /\((\d{1,9})\/(\d{1,9})\)/.exec(element.attributes["condition-coverage"] ?? "");
    this.#counted.branchesCovered += Number(conditions?.[1] ?? 0);
    this.#counted.branches += Number(conditions?.[2] ?? 0);
  }

  text(): void {
    // Only <source> has some.
  }

  close(name: string): void {
    if (name === "methods") this.#methods--;
  }

  end(line: number): void {
    const root = this.#root;
    if (!root) return;
    const [lines, linesCovered] = [count(root, "lines-valid"), count(root, "lines-covered")];
    const [branches, branchesCovered] = [count(root, "branches-valid"), count(root, "branches-covered")];
    const found =
      lines === null || linesCovered === null
        ? { ...this.#counted }
        : { lines, linesCovered, branches: branches ?? 0, branchesCovered: branchesCovered ?? 0 };
    if (found.linesCovered > found.lines || found.branchesCovered > found.branches) {
      throw new ResultsError(line, "it covers more lines or branches than there are");
    }
    this.#done(found);
  }
}

function count({ attributes, name, line }: ResultsElement, attribute: string): number | null {
  const text = attributes[attribute];
  if (text === undefined) return null;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new ResultsError(line, `<${name}> has ${attribute}=${JSON.stringify(text.slice(0, 40))}, which is no count`);
}
