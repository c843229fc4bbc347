import type { Coverage, TestCase, TestReport } from "../report.ts";
import { shorten, utf8Bytes, type JunitCase } from "./junit-case.ts";
import type { ResultsSink } from "./results-elements.ts";

/** Failures that are kept; a command with more is not run again for them. */
export const FAILURES_KEPT_MAX = 1_000;
const ENTRIES_MAX = 200;
const SLOWEST_MAX = 20;
/** UTF-8 of all names, messages and places of a report together. */
const TEXT_BYTES_MAX = 48 * 1024;
/** Of it for the messages of failures. */
const MESSAGE_BYTES_MAX = 32 * 1024;
/** However many failures share that. */
const MESSAGE_BYTES_MIN = 160;
const UINT32_MAX = 2 ** 32 - 1;

/** Counts the tests of a command's JUnit files, and keeps those worth showing. */
export class TestTally implements ResultsSink {
  /** Of all files together. */
  readonly counts = { tests: 0, passed: 0, failed: 0, error: 0, skipped: 0, flaky: 0 };
  readonly #failures: JunitCase[] = [];
  readonly #skips: TestCase[] = [];
  #slowest: TestCase[] = [];
  #durationMs = 0;
  #coverage: Coverage | null = null;

  testCase(found: JunitCase): void {
    this.counts.tests++;
    this.counts[found.outcome]++;
    if (found.outcome === "skipped") {
      if (this.#skips.length < ENTRIES_MAX) this.#skips.push(found);
    } else if (found.outcome !== "passed") {
      if (this.#failures.length < FAILURES_KEPT_MAX) this.#failures.push(found);
    }
    if (found.durationMs > (this.#slowest.at(SLOWEST_MAX - 1)?.durationMs ?? -1)) this.#keepSlow(found);
  }

  duration(ms: number): void {
    this.#durationMs += ms;
  }

  coverage(found: Coverage): void {
    const { lines, linesCovered, branches, branchesCovered } = this.#coverage ?? NO_COVERAGE;
    this.#coverage = {
      lines: lines + found.lines,
      linesCovered: linesCovered + found.linesCovered,
      branches: branches + found.branches,
      branchesCovered: branchesCovered + found.branchesCovered,
    };
  }

  /** How many failed, with an assertion or another exception. */
  get bad(): number {
    return this.counts.failed + this.counts.error;
  }

  /** Tests that failed, each once; as many as are kept. */
  get badKeys(): ReadonlySet<string> {
    return new Set(this.#failures.flatMap(({ outcome, key }) => (isBad(outcome) ? [key] : [])));
  }

  /** Tests that failed are now known to pass as well: they count as flaky and not as failed. */
  markFlaky(keys: ReadonlySet<string>): void {
    for (const [at, found] of this.#failures.entries()) {
      if (!isBad(found.outcome) || !keys.has(found.key)) continue;
      this.counts[found.outcome]--;
      this.counts.flaky++;
      this.#failures[at] = { ...found, outcome: "flaky" };
    }
  }

  /** The tests that are flaky, as far as they are kept, by name, each once. */
  get flakyNames(): readonly string[] {
    return [...new Set(this.#failures.flatMap(({ outcome, name }) => (outcome === "flaky" ? [name] : [])))];
  }

  report(): TestReport {
    const { tests, passed, failed, error, skipped, flaky } = this.counts;
    const budget = { left: TEXT_BYTES_MAX };
    const failures = [
      ...this.#failures.filter(({ outcome }) => isBad(outcome)),
      ...this.#failures.filter(({ outcome }) => outcome === "flaky"),
    ].slice(0, ENTRIES_MAX);
    const share = Math.max(MESSAGE_BYTES_MIN, Math.floor(MESSAGE_BYTES_MAX / Math.max(1, failures.length)));
    return {
      ...{ kind: "test", tests, passed, failed, errors: error, skipped, flaky },
      durationMs: whole(this.#durationMs),
      failures: fitting(failures, budget, share),
      skips: fitting(this.#skips, budget, MESSAGE_BYTES_MIN),
      slowest: fitting(
        this.#slowest.map((one) => ({ ...one, message: "" })),
        budget,
        0,
      ),
      coverage: this.#coverage,
    };
  }

  #keepSlow(found: TestCase): void {
    const at = this.#slowest.findIndex(({ durationMs }) => durationMs < found.durationMs);
    this.#slowest = this.#slowest.toSpliced(at === -1 ? this.#slowest.length : at, 0, found).slice(0, SLOWEST_MAX);
  }
}

const NO_COVERAGE: Coverage = { lines: 0, linesCovered: 0, branches: 0, branchesCovered: 0 };

function isBad(outcome: TestCase["outcome"]): outcome is "failed" | "error" {
  return outcome === "failed" || outcome === "error";
}

/** Those for which there is still room, with messages of at most `messageBytes`. */
function fitting(cases: readonly TestCase[], budget: { left: number }, messageBytes: number): TestCase[] {
  const kept: TestCase[] = [];
  for (const { name, outcome, durationMs, message, place } of cases) {
    const fits = {
      name,
      outcome,
      durationMs: whole(durationMs),
      message: shorten(message, messageBytes, utf8Bytes),
      place,
    };
    const bytes = utf8Bytes(fits.name) + utf8Bytes(fits.message) + utf8Bytes(fits.place);
    if (bytes > budget.left) break;
    budget.left -= bytes;
    kept.push(fits);
  }
  return kept;
}

function whole(ms: number): number {
  return Math.min(UINT32_MAX, Math.round(ms));
}
