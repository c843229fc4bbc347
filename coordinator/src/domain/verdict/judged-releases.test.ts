import { expect, test } from "vitest";
import type { ComparedBenchmark } from "./judged-run.ts";
import { JudgedReleases, type JudgedRelease, type ShownReleases } from "./judged-releases.ts";

const MANY = 1_000_000;

function compared(fields: Partial<ComparedBenchmark> = {}): ComparedBenchmark {
  const ratio = { estimate: 1.1, low: 1.05, high: 1.25 };
  const effect = { baseline: 1, candidate: 1.1, ratio, pairs: 10 };
  const name = { benchmark: "fib:time", cell: "cp312-linux-x86_64", unit: "s", better: "lower" } as const;
  return { ...name, baseline: "1.0", outcome: "regressed", differences: [], effect, reason: "", ...fields };
}

function judged(run: number, release: string, fields: Partial<JudgedRelease> = {}): JudgedRelease {
  const gates = [{ id: "G22", name: "benchmark-regression", outcome: "fail" }] as const;
  const base = { run, project: "demo", release, judgedAtMs: run * 1_000, verdict: "fail", gates } as const;
  return { ...base, comparisons: [compared()], ...fields };
}

const shownOf = (runs: readonly JudgedRelease[], seriesMax = MANY): ShownReleases => {
  const releases = new JudgedReleases();
  for (const run of runs) releases.put(run);
  return releases.shown(seriesMax);
};
const benchmarksOf = (shown: ShownReleases) =>
  shown.benchmarks.map(({ of, isNewest }) => `${of.project} ${of.release}${isNewest ? " newest" : ""}`);

test("the five newest releases of a project are shown, one run each, whatever the order in which they were read", () => {
  const runs = [1, 2, 3, 4, 5, 6, 7].map((run) => judged(run, run === 2 ? "1.7" : `1.${run}`));
  const expected = ["demo 1.7 newest", "demo 1.6", "demo 1.5", "demo 1.4", "demo 1.3"];
  expect(benchmarksOf(shownOf(runs))).toEqual(expected);
  expect(benchmarksOf(shownOf(runs.toReversed()))).toEqual(expected);
});

test("a run without benchmarks has the verdict, and those of the release before it stay", () => {
  const shown = shownOf([judged(1, "1.0"), judged(2, "1.1", { comparisons: [], verdict: "pass" })]);
  expect(shown.verdicts.map(({ release, verdict }) => [release, verdict])).toEqual([["1.1", "pass"]]);
  expect(benchmarksOf(shown)).toEqual(["demo 1.0 newest"]);
});

test("an old run that is judged anew does not become the newest", () => {
  const again = judged(1, "1.0", { verdict: "pass", judgedAtMs: 9_000 });
  const shown = shownOf([judged(1, "1.0"), judged(2, "1.1"), again]);
  expect(shown.verdicts.map(({ release }) => release)).toEqual(["1.1"]);
  expect(shown.benchmarks.map(({ of }) => [of.release, of.verdict])).toEqual([
    ["1.1", "fail"],
    ["1.0", "pass"],
  ]);
});

test("a ratio above 1 is worse, whichever direction is better", () => {
  const higher = compared({
    better: "higher",
    effect: { ...compared().effect!, ratio: { estimate: 0.5, low: 0.4, high: null } },
  });
  const shown = shownOf([judged(1, "1.0", { comparisons: [compared(), higher, compared({ effect: null })] })]);
  expect(shown.benchmarks.map(({ worse }) => worse)).toEqual([
    { estimate: 1.1, low: 1.05, high: 1.25 },
    { estimate: 2, low: null, high: 2.5 },
    { estimate: null, low: null, high: null },
  ]);
});

test("names of a project that mean the same are one project", () => {
  const shown = shownOf([judged(1, "1.0", { project: "Demo_X" }), judged(2, "1.1", { project: "demo-x" })]);
  expect(shown.verdicts.map(({ release }) => release)).toEqual(["1.1"]);
});

test("where there is no room for all, the oldest releases go first, and how much goes is told", () => {
  const runs = [judged(1, "1.0"), judged(2, "2.0", { project: "other" }), judged(3, "1.1")];
  // A verdict with one gate takes 10 series, a newest benchmark 12 and another 5.
  expect(shownOf(runs, 49).omitted).toBe(0);
  const tight = shownOf(runs, 48);
  expect([benchmarksOf(tight), tight.omitted]).toEqual([["demo 1.1 newest", "other 2.0 newest"], 5]);
  const tighter = shownOf(runs, 25);
  expect([tighter.verdicts.length, tighter.benchmarks.length, tighter.omitted]).toEqual([2, 0, 29]);
});

test("a farm of ever new projects remembers a bounded number of them", () => {
  const shown = shownOf(Array.from({ length: 600 }, (_, run) => judged(run, "1.0", { project: `p${run}` })));
  expect(shown.verdicts).toHaveLength(500);
  expect(shown.verdicts[0]?.project).toBe("p599");
});
