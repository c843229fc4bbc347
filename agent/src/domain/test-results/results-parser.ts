import { SaxesParser } from "saxes";
import { CoberturaElements } from "./cobertura-elements.ts";
import { JunitElements } from "./junit-elements.ts";
import type { ResultsElements, ResultsSink } from "./results-elements.ts";
import { ResultsError } from "./results-error.ts";

/** Deepest nesting of elements. */
const DEPTH_MAX = 64;
/** Far above what a matrix cell runs; each costs a person who reads it. */
const CASES_MAX = 1_000_000;

export interface ResultsOptions {
  /** The folder that the tests ran in: places are given relative to it. */
  readonly root: string;
}

/**
 * Reads a JUnit or Cobertura file, whichever its root element says it is, piece
 * by piece. It believes only what it understands: XML that is not well-formed,
 * elements that are neither known nor in their place, counts that its tests
 * contradict, and files of another kind are a ResultsError. Entities beyond
 * XML's own are not expanded, and nothing outside the file is read.
 */
export class ResultsParser {
  readonly #xml = new SaxesParser({ xmlns: false, position: true });
  readonly #sink: ResultsSink;
  readonly #options: ResultsOptions;
  #elements: ResultsElements | null = null;
  #depth = 0;
  #cases = 0;

  constructor(sink: ResultsSink, options: ResultsOptions) {
    this.#sink = sink;
    this.#options = options;
    const xml = this.#xml;
    xml.on("error", (cause) => this.#fail(cause.message.replace(/^(?:[^:]*:)?\d+:\d+: /, "")));
    xml.on("doctype", (text) => {
      if (text.includes("[")) this.#fail("it declares entities or elements of its own (an internal DTD)");
    });
    xml.on("opentag", ({ name, attributes }) => {
      if (++this.#depth > DEPTH_MAX) this.#fail(`elements are nested deeper than ${DEPTH_MAX}`);
      this.#elements ??= this.#elementsOf(name);
      this.#elements.open({ name, attributes, line: xml.line });
    });
    xml.on("text", (text) => this.#elements?.text(text, xml.line));
    xml.on("cdata", (text) => this.#elements?.text(text, xml.line));
    xml.on("closetag", ({ name }) => {
      this.#depth--;
      this.#elements?.close(name, xml.line);
    });
  }

  /** Throws ResultsError. */
  write(text: string): void {
    this.#xml.write(text);
  }

  /** The file is at its end. Throws ResultsError. */
  end(): void {
    this.#xml.close();
    if (!this.#elements) this.#fail("it has no element");
    this.#elements?.end(this.#xml.line);
  }

  #elementsOf(root: string): ResultsElements {
    if (root === "coverage") return new CoberturaElements((found) => this.#sink.coverage(found));
    if (root !== "testsuites" && root !== "testsuite") {
      return this.#fail(`<${root.slice(0, 100)}> is the root of neither a JUnit nor a Cobertura file`);
    }
    const { root: folder } = this.#options;
    return new JunitElements(folder, {
      testCase: (found) => {
        if (++this.#cases > CASES_MAX) this.#fail(`it has more than ${CASES_MAX} tests`);
        this.#sink.testCase(found);
      },
      duration: (ms) => this.#sink.duration(ms),
    });
  }

  #fail(message: string): never {
    throw new ResultsError(this.#xml.line, message);
  }
}
