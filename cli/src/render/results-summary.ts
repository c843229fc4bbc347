import type { JobSummary, RunView, TestCounts } from "@kiln/proto";
import { count } from "./count.ts";
import { line, span, type Line } from "./line.ts";

/** `128, 2 failed`; "" where no report says anything. */
export function testsText(tests: TestCounts | null): string {
  if (tests === null) return "";
  return tests.failed === 0 ? String(tests.tests) : `${tests.tests}, ${tests.failed} failed`;
}

/** `3 builds and 1 test taken from r1`; "" when everything was run. */
export function reusedText(jobs: readonly JobSummary[]): string {
  const reused = jobs.filter((job) => job.reusedFrom !== null);
  if (reused.length === 0) return "";
  const kinds = [...Map.groupBy(reused, ({ kind }) => kind)].map(([kind, those]) => count(those.length, kind));
  const runs = new Set(reused.map((job) => job.reusedFrom?.run ?? ""));
  const what = kinds.length === 1 ? kinds.join("") : `${kinds.slice(0, -1).join(", ")} and ${kinds.at(-1)}`;
  return `${what} taken from ${runs.size > 3 ? `${runs.size} earlier runs` : [...runs].join(", ")}`;
}

/** What the test reports of a run count together, and what was taken from earlier runs. */
export function renderResults({ jobs }: Pick<RunView, "jobs">): readonly Line[] {
  const reports = jobs.flatMap(({ tests }) => (tests === null ? [] : [tests]));
  const sum = (of: keyof TestCounts): number => reports.reduce((total, each) => total + each[of], 0);
  const failed = sum("failed");
  const parts = [
    ...(failed === 0 ? [] : [span(`${failed} failed`, "bad")]),
    ...(sum("flaky") === 0 ? [] : [span(`${sum("flaky")} flaky`, "warn")]),
    ...(sum("skipped") === 0 ? [] : [span(`${sum("skipped")} skipped`)]),
  ];
  const reused = reusedText(jobs);
  return [
    ...(reports.length === 0
      ? []
      : [
          [
            span(`${count(sum("tests"), "test")} in ${count(reports.length, "report")}`),
            ...parts.flatMap((part, index) => [span(index === 0 ? ": " : ", "), part]),
          ],
        ]),
    ...(reused === "" ? [] : [line(reused)]),
  ];
}
