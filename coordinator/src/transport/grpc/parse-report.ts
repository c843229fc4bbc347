import { results } from "@kiln/proto";
import type { Report, TestCase, TestReport, WheelReport } from "@kiln/proto";
import { BadMessageError } from "./bad-message.ts";

/** Agents keep to less; what is longer is cut, so that a report cannot fill the store. */
const ENTRIES_MAX = 200;
const TEXT_CHARS_MAX = 4_096;

const OUTCOMES: Readonly<Record<results.TestCaseOutcome, TestCase["outcome"] | null>> = {
  [results.TestCaseOutcome.UNSPECIFIED]: null,
  [results.TestCaseOutcome.PASSED]: "passed",
  [results.TestCaseOutcome.FAILED]: "failed",
  [results.TestCaseOutcome.ERROR]: "error",
  [results.TestCaseOutcome.SKIPPED]: "skipped",
  [results.TestCaseOutcome.FLAKY]: "flaky",
};

const REPRODUCIBILITY: Readonly<Record<results.Reproducibility, WheelReport["reproducibility"]>> = {
  [results.Reproducibility.UNSPECIFIED]: null,
  [results.Reproducibility.SAME_BYTES]: "same-bytes",
  [results.Reproducibility.SAME_CONTENT]: "same-content",
  [results.Reproducibility.DIFFERENT]: "different",
};

export function parseWheelReport(report: results.WheelReport): Report {
  const members = (list: readonly results.WheelMember[]) =>
    few(list).map(({ path, sizeBytes }) => ({ path: text(path), sizeBytes: Number(sizeBytes) }));
  return {
    kind: "wheel",
    tags: texts(report.tags),
    sizeBytes: Number(report.sizeBytes),
    policy: report.policy === "" ? null : text(report.policy),
    glibc: report.glibc === "" ? null : text(report.glibc),
    extensions: members(report.extensions),
    grafted: members(report.grafted),
    external: texts(report.external),
    foreignRpaths: texts(report.foreignRpaths),
    smArchitectures: texts(report.smArchitectures),
    ptxArchitectures: texts(report.ptxArchitectures),
    reproducibility: REPRODUCIBILITY[report.reproducibility] ?? null,
    sourceDateEpoch: Number(report.sourceDateEpoch),
    remarks: texts(report.remarks),
  };
}

export function parseTestReport(report: results.TestReport): TestReport {
  const { tests, passed, failed, errors, skipped, flaky, durationMs, coverage } = report;
  if (tests !== passed + failed + errors + skipped + flaky) {
    throw new BadMessageError(`a test report counts ${tests} tests, and not that many outcomes`);
  }
  return {
    ...{ kind: "test", tests, passed, failed, errors, skipped, flaky, durationMs },
    failures: few(report.failures).map(parseCase),
    skips: few(report.skips).map(parseCase),
    slowest: few(report.slowest).map(parseCase),
    coverage: coverage
      ? {
          lines: coverage.lines,
          linesCovered: coverage.linesCovered,
          branches: coverage.branches,
          branchesCovered: coverage.branchesCovered,
        }
      : null,
  };
}

function parseCase({ name, outcome, durationMs, message, place }: results.TestCase): TestCase {
  const known = OUTCOMES[outcome];
  if (!known) throw new BadMessageError(`a test has the unknown outcome ${outcome}`);
  return { name: text(name), outcome: known, durationMs, message: text(message), place: text(place) };
}

function texts(list: readonly string[]): string[] {
  return few(list).map(text);
}

function text(value: string): string {
  return value.slice(0, TEXT_CHARS_MAX).toWellFormed();
}

function few<T>(list: readonly T[]): readonly T[] {
  return list.slice(0, ENTRIES_MAX);
}
