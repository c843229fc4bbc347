import type { JobView, Report, TestReport } from "@kiln/proto";
import { expect, test } from "vitest";
import { CUDA_WHEEL, MIXED_TESTS, PURE_WHEEL } from "../testing/sample-reports.ts";
import { screenText } from "../testing/screen-text.ts";
import { finished, job, jobView, runView, T0 } from "../testing/views.ts";
import { renderJob } from "./job-detail.ts";
import { renderJobTable } from "./job-table.ts";
import { renderResults } from "./results-summary.ts";
import { UNICODE_SYMBOLS as SYMBOLS } from "./symbols.ts";

const NOW = T0 + 65_000;
const BUILD = finished("build-cp312-linux-x86_64", "passed", [100, 9_100]);
const TEST = finished("test-cp312-linux-x86_64", "tests-failed", [9_200, 95_000], {
  tests: { tests: 1_284, failed: 3, skipped: 37, flaky: 1 },
});
const TAKEN = job("build-cp312-linux-x86_64", {
  ...{ state: "finished", outcome: "passed", summary: "taken from r1 build-cp312-linux-x86_64", finishedAtMs: T0 },
  reusedFrom: { run: "r1", job: "build-cp312-linux-x86_64", attempt: 2 },
});

function shown(view: JobView, width: number): string {
  return screenText(renderJob(view, width, NOW, SYMBOLS), width);
}

test("a wheel's report says what is wrong first, then what the wheel is", () => {
  const view = jobView(BUILD, { reports: [CUDA_WHEEL] });
  expect(shown(view, 80)).toMatchInlineSnapshot();
  expect(shown(view, 200)).toMatchInlineSnapshot();
  expect(shown(jobView(BUILD, { reports: [PURE_WHEEL] }), 80)).toMatchInlineSnapshot();
});

test("a test report has each failure with its place and message, flaky tests, skips by reason, the slowest, and coverage", () => {
  const view = jobView(TEST, { reports: [MIXED_TESTS] });
  expect(shown(view, 80)).toMatchInlineSnapshot();
  expect(shown(view, 200)).toMatchInlineSnapshot();
});

test("of more failures than are shown, or than the report has, the rest is counted", () => {
  const [first] = MIXED_TESTS.failures;
  if (!first) throw new Error("the sample has failures");
  const failures = Array.from({ length: 200 }, () => ({ ...first, message: "" }));
  const of = (failed: number): TestReport => ({ ...MIXED_TESTS, failures, failed, errors: 0 });
  expect(shown(jobView(TEST, { reports: [of(200)] }), 80)).toContain("              and 180 more; --json has them\n");
  expect(shown(jobView(TEST, { reports: [of(300)] }), 80)).toContain("              and 280 more\n");
});

test("no report makes a line wider than the terminal, or moves its cursor", () => {
  const long = `${"wide 名前 ".repeat(30)}\u001b[2J\u202e${"x".repeat(300)}`;
  const bad = (report: Report): Report =>
    JSON.parse(JSON.stringify(report), (_key, value: unknown) =>
      typeof value === "string" && value.includes(" ") ? long : value,
    ) as Report;
  for (const report of [CUDA_WHEEL, PURE_WHEEL, MIXED_TESTS]) {
    for (const width of [40, 41, 80, 133, 200]) {
      // screenText throws at a line that is too wide.
      expect(shown(jobView(BUILD, { reports: [bad(report)] }), width)).not.toMatch(/\u001b|\u202e/);
    }
  }
});

test("a job whose result was taken shows the attempt that it was taken from", () => {
  const [attempt] = jobView(BUILD, { attempt: 2, reports: [PURE_WHEEL] }).history;
  const view: JobView = { ...jobView(TAKEN), history: [], reusedAttempt: attempt ?? null };
  expect(shown(view, 80)).toMatchInlineSnapshot();
});

test("a build that was made again says whether its bytes are those of the one before", () => {
  const reproduced = { run: "r1", job: BUILD.name, same: true };
  expect(shown({ ...jobView(BUILD), reproduced }, 80)).toContain(`✓ the same bytes as r1 ${BUILD.name}\n`);
  const other = shown({ ...jobView(BUILD), reproduced: { ...reproduced, same: false } }, 80);
  expect(other).toContain(`! other bytes than r1 ${BUILD.name}, which had the same`);
  expect(other.replaceAll("\n", " ")).toContain("the build is not reproducible");
});

test("a run's jobs have the counts of their tests, and say what was taken from where", () => {
  const passed = finished("test-cp313-linux-x86_64", "passed", [0, 900], {
    tests: { tests: 7, failed: 0, skipped: 1, flaky: 0 },
  });
  const jobs = [TAKEN, BUILD, TEST, passed];
  expect(screenText(renderJobTable(jobs, 80, NOW, SYMBOLS), 80)).toMatchInlineSnapshot();
  expect(screenText(renderJobTable(jobs, 200, NOW, SYMBOLS), 200)).toMatchInlineSnapshot();
  expect(screenText(renderResults(runView(jobs)), 80)).toMatchInlineSnapshot();
  expect(renderResults(runView([BUILD]))).toEqual([]);
});
