import { junitCase, VERDICT_ELEMENTS, type CaseVerdict, type JunitCase, type VerdictElement } from "./junit-case.ts";
import { ResultsError } from "./results-error.ts";
import type { ResultsElement, ResultsElements } from "./results-elements.ts";

/** Of a failure's text: what is beyond is not looked at. */
const TEXT_CHARS_MAX = 64 * 1024;

interface Suite {
  readonly element: ResultsElement;
  /** The `time` it says, or null. */
  readonly ownMs: number | null;
  /** What the suites and tests inside it take. */
  insideMs: number;
  cases: number;
  bad: number;
}

interface OpenCase {
  readonly element: ResultsElement;
  readonly isPytest: boolean;
  readonly verdicts: CaseVerdict[];
}

/** Elements that say nothing of how a test ended; whatever is inside them is passed over. */
const PASSED_OVER = new Set(["properties", "property", "system-out", "system-err"]);

/**
 * The elements of a JUnit file: pytest's xunit1 and xunit2, unittest-xml-reporting,
 * Surefire and GoogleTest agree on these. Suites may be nested.
 */
export class JunitElements implements ResultsElements {
  readonly #root: string;
  readonly #sink: { testCase(found: JunitCase): void; duration(ms: number): void };
  readonly #suites: Suite[] = [];
  #case: OpenCase | null = null;
  #verdict: { readonly element: VerdictElement; readonly message: string; readonly type: string } | null = null;
  #text = "";
  /** Elements open inside one that is passed over, itself included. */
  #passedOver = 0;

  /** `root` is the folder that the tests ran in. */
  constructor(root: string, sink: { testCase(found: JunitCase): void; duration(ms: number): void }) {
    this.#root = root;
    this.#sink = sink;
  }

  open(element: ResultsElement): void {
    const { name, attributes, line } = element;
    if (this.#passedOver > 0 || PASSED_OVER.has(name)) {
      this.#passedOver++;
      return;
    }
    // Surefire puts stackTrace and the outputs of each try inside these.
    if (this.#verdict && /^(?:rerun|flaky)/.test(this.#verdict.element) && name === "stackTrace") return;
    if (this.#verdict) throw misplaced(element, this.#verdict.element);
    if (this.#case) {
      if (!isVerdict(name)) throw misplaced(element, "testcase");
      this.#verdict = { element: name, message: attributes["message"] ?? "", type: attributes["type"] ?? "" };
      this.#text = "";
      return;
    }
    if (name === "testcase" && this.#suites.at(-1)) {
      if (!attributes["name"]) throw new ResultsError(line, "a <testcase> has no name");
      const isPytest = this.#suites.at(-1)?.element.attributes["name"] === "pytest";
      this.#case = { element, isPytest, verdicts: [] };
      return;
    }
    if (name !== "testsuite" && (name !== "testsuites" || this.#suites.length > 0)) {
      throw misplaced(element, this.#suites.at(-1)?.element.name ?? "");
    }
    this.#suites.push({ element, ownMs: timeOf(element), insideMs: 0, cases: 0, bad: 0 });
  }

  text(text: string, line: number): void {
    if (this.#passedOver > 0) return;
    if (this.#verdict) {
      if (this.#text.length < TEXT_CHARS_MAX) this.#text += text.slice(0, TEXT_CHARS_MAX - this.#text.length);
    } else if (this.#suites.length > 0 && text.trim() !== "") {
      const parent = this.#case ? "testcase" : (this.#suites.at(-1)?.element.name ?? "");
      throw new ResultsError(line, `text stands directly in <${parent}>: ${JSON.stringify(text.trim().slice(0, 60))}`);
    }
  }

  close(name: string, line: number): void {
    if (this.#passedOver > 0) this.#passedOver--;
    else if (name === "stackTrace") return;
    else if (this.#verdict) {
      this.#case?.verdicts.push({ ...this.#verdict, text: this.#text });
      this.#verdict = null;
    } else if (this.#case) this.#closeCase(this.#case);
    else this.#closeSuite(line);
  }

  end(): void {
    // Well-formed XML has closed its root, and with it everything.
  }

  #closeCase({ element, isPytest, verdicts }: OpenCase): void {
    this.#case = null;
    const { attributes } = element;
    const durationMs = timeOf(element) ?? 0;
    const line = countOf(element, "line");
    const found = junitCase({
      classname: attributes["classname"] ?? "",
      name: attributes["name"] ?? "",
      durationMs,
      file: attributes["file"] ?? "",
      // pytest counts the lines of xunit1 from 0.
      line: line !== null && isPytest ? line + 1 : line,
      root: this.#root,
      verdicts,
    });
    const suite = this.#suites.at(-1);
    if (suite) {
      suite.cases++;
      suite.insideMs += durationMs;
      if (found.outcome === "failed" || found.outcome === "error") suite.bad++;
    }
    this.#sink.testCase(found);
  }

  #closeSuite(line: number): void {
    const suite = this.#suites.pop();
    if (!suite) return;
    checkCounts(suite, line);
    const durationMs = suite.ownMs ?? suite.insideMs;
    const parent = this.#suites.at(-1);
    if (!parent) return this.#sink.duration(durationMs);
    parent.insideMs += durationMs;
    parent.cases += suite.cases;
    parent.bad += suite.bad;
  }
}

/**
 * The counts of a suite against its tests. They need not be equal (pytest counts
 * subtests and a test that fails twice, and writes one `<testcase>`, or two), but
 * tests or failures that are counted and nowhere to be seen were lost.
 */
function checkCounts({ element, cases, bad }: Suite, line: number): void {
  const tests = countOf(element, "tests") ?? 0;
  const counted = (countOf(element, "failures") ?? 0) + (countOf(element, "errors") ?? 0);
  if (tests > 0 && cases === 0) throw new ResultsError(line, `<${element.name}> counts ${tests} tests and holds none`);
  if (counted > 0 && bad === 0) {
    throw new ResultsError(line, `<${element.name}> counts ${counted} failures and errors and holds none`);
  }
}

function isVerdict(name: string): name is VerdictElement {
  return Object.hasOwn(VERDICT_ELEMENTS, name);
}

function misplaced({ name, line }: ResultsElement, parent: string): ResultsError {
  return new ResultsError(line, `<${name.slice(0, 100)}> stands in <${parent}>, where JUnit files have none`);
}

/** A whole number; null when it is not there or empty. */
function countOf({ attributes, name, line }: ResultsElement, attribute: string): number | null {
  const text = attributes[attribute]?.trim() ?? "";
  if (text === "") return null;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new ResultsError(line, `<${name}> has ${attribute}=${JSON.stringify(text.slice(0, 40))}, which is no count`);
}

/**
 * `time` in milliseconds, of seconds; null when it is not there or empty. Some
 * writers group thousands ("1,234.5", Surefire) or have a decimal comma ("0,5");
 * a clock that was set back makes it negative, which counts as 0.
 */
function timeOf({ attributes, name, line }: ResultsElement): number | null {
  const text = attributes["time"]?.trim() ?? "";
  if (text === "") return null;
  const plain = /^-?\d{1,3}(?:,\d{3})+(?:\.\d*)?$/.test(text) ? text.replaceAll(",", "") : text.replace(",", ".");
  if (/^-?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(plain)) {
    const ms = Math.max(0, Number(plain) * 1_000);
    // No test takes longer than a year.
    if (ms <= 366 * 86_400_000) return ms;
  }
  throw new ResultsError(
    line,
    `<${name}> has time=${JSON.stringify(text.slice(0, 40))}, which is no number of seconds`,
  );
}
