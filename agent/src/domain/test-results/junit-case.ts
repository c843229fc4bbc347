import type { TestCase } from "../report.ts";
import { placeOf } from "./failure-place.ts";

/** One test of a JUnit file. */
export interface JunitCase extends TestCase {
  /** The same for the same test in another run of the same command. */
  readonly key: string;
}

/** What stands inside a `<testcase>` and says how it ended. */
export interface CaseVerdict {
  readonly element: VerdictElement;
  readonly message: string;
  readonly type: string;
  /** The first part of it. */
  readonly text: string;
}

/**
 * How a test ended, the worst first. Surefire writes `flaky…` for one that
 * passed when it was run again, and `rerun…` beside `failure` or `error` for one
 * that did not ("Rerun Failing Tests" in its documentation).
 */
export const VERDICT_ELEMENTS = {
  error: "error",
  failure: "failed",
  flakyError: "flaky",
  flakyFailure: "flaky",
  skipped: "skipped",
  rerunError: null,
  rerunFailure: null,
} as const satisfies Record<string, TestCase["outcome"] | null>;
export type VerdictElement = keyof typeof VERDICT_ELEMENTS;

const NAME_CHARS_MAX = 500;
const MESSAGE_LINES_MAX = 20;
/** Of a message, in UTF-8. */
const MESSAGE_BYTES_MAX = 2 * 1024;

export interface CaseFacts {
  readonly classname: string;
  readonly name: string;
  readonly durationMs: number;
  /** Where it is defined, as `<testcase>` says; either may be empty or null. */
  readonly file: string;
  readonly line: number | null;
  /** The folder that the tests ran in. */
  readonly root: string;
  readonly verdicts: readonly CaseVerdict[];
}

export function junitCase(facts: CaseFacts): JunitCase {
  const { classname, name, durationMs, file, line, root, verdicts } = facts;
  const shown = shorten(classname === "" ? name : `${classname}::${name}`, NAME_CHARS_MAX);
  const key = `${classname}\0${name}`;
  const order = Object.keys(VERDICT_ELEMENTS);
  const [worst] = verdicts
    .filter(({ element }) => VERDICT_ELEMENTS[element] !== null)
    .toSorted((a, b) => order.indexOf(a.element) - order.indexOf(b.element));
  const outcome = (worst && VERDICT_ELEMENTS[worst.element]) ?? "passed";
  const defined = { file, line, root };
  if (!worst) return { key, name: shown, outcome, durationMs, message: "", place: placeOf("", defined) };
  return {
    ...{ key, name: shown, outcome, durationMs },
    message: messageOf(worst),
    place: placeOf(worst.text, defined),
  };
}

/** What a person needs of a failure: pytest's lines marked E, or else the message, or else the first lines of the text. */
function messageOf({ element, message, type, text }: CaseVerdict): string {
  if (element === "skipped") {
    const reason = message === "" ? firstLines(text.split("\n")) : message;
    return cutBytes(type === "pytest.xfail" ? `expected to fail: ${reason}` : reason);
  }
  const marked = text.split("\n").flatMap((line) => /^E(?: {3}|$)(.*)$/.exec(line)?.[1] ?? []);
  const explained = firstLines(dedent(marked));
  if (explained === "") return cutBytes(message === "" ? firstLines(text.split("\n")) : message);
  const [first = ""] = message.split("\n");
  return cutBytes(explained.includes(first) ? explained : `${first}\n${explained}`);
}

/** Takes the first line's indent from every line that has it. */
function dedent(lines: readonly string[]): readonly string[] {
  const indent = /^ */.exec(lines[0] ?? "")?.[0] ?? "";
  return lines.map((line) => (line.startsWith(indent) ? line.slice(indent.length) : line));
}

function firstLines(lines: readonly string[]): string {
  return lines.slice(0, MESSAGE_LINES_MAX).join("\n").trim();
}

function cutBytes(text: string): string {
  return shorten(text, MESSAGE_BYTES_MAX, utf8Bytes);
}

/** Cuts from the end, with a mark, until it measures no more than `max`. */
export function shorten(text: string, max: number, measure: (text: string) => number = (one) => one.length): string {
  // A character has at most three bytes for each of its UTF-16 units.
  if (text.length * 3 <= max || measure(text) <= max) return text;
  let low = 0;
  let high = Math.min(text.length, max);
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (measure(`${text.slice(0, middle)}…`) <= max) low = middle;
    else high = middle - 1;
  }
  return `${text.slice(0, low).toWellFormed()}…`;
}

export function utf8Bytes(text: string): number {
  return new TextEncoder().encode(text).length;
}
