import { describe, expect, test } from "vitest";
import { sampleVerdict } from "../testing/sample-verdict.ts";
import { lineWidth, toText } from "../render/line.ts";
import { UNICODE_SYMBOLS } from "../render/symbols.ts";
import { attributionText, foundText, renderSteps } from "./bisect-report.ts";
import { attributionOf, chooseComparison } from "./choose-comparison.ts";
import { measuredOf } from "./measure-commit.ts";
import { searchCommits, type CommitMeasured } from "./search-commits.ts";

const COMMITS = Array.from({ length: 6 }, (_, n) => ({
  hash: `${n}`.repeat(40),
  subject: `Step ${n}, with a subject that is quite long`,
}));
const UNMEASURED = { kind: "unmeasured", run: "r9", reason: "it does not build", again: false } as const;

/** Commits from 3 on take 30 % longer. */
function measured(hash: string): CommitMeasured {
  const shift = Number(hash[0]) >= 3 ? Math.log(1.3) : 0;
  return {
    kind: "measured",
    run: `r${hash[0]}`,
    differences: Array.from({ length: 16 }, (_, i) => shift + i / 10_000),
  };
}

const search = (measure: (hash: string) => CommitMeasured) =>
  searchCommits({
    ...{ commits: COMMITS, slowdown: Math.log(1.3), confidence: 0.95, told: () => {} },
    measure: async ({ hash }) => measure(hash),
  });

describe("a search among commits", () => {
  test("finds the first slow one, and its table fits 80 columns", async () => {
    const end = await search(measured);
    expect(end.among).toEqual([COMMITS[3]]);
    const lines = renderSteps(end.steps, { width: 80, symbols: UNICODE_SYMBOLS });
    expect(lines).toHaveLength(end.steps.length + 1);
    expect(Math.max(...lines.map(lineWidth))).toBeLessThanOrEqual(80);
    expect(lines.map((one) => toText(one, false)).join("\n")).toMatch(/3{10} {2}Step 3.*r3 +\+30\.1 % +16 {2}slow/);
    expect(foundText(end, 0.95).join(" ")).toMatch(
      /^3{40} Step 3.* is the first slow commit \(\d measurements; .*95 %/,
    );
  });

  test("passes over what does not build, and says between which it must be", async () => {
    const end = await search((hash) => (hash.startsWith("3") || hash.startsWith("2") ? UNMEASURED : measured(hash)));
    expect(end.among).toEqual(COMMITS.slice(2, 5));
    expect(end.steps.filter(({ says }) => says === "passed over")).toHaveLength(2);
  });

  test("measures again what was disturbed, three times at most", async () => {
    let times = 0;
    const disturbed = { ...UNMEASURED, again: true };
    const once = await search((hash) => (hash.startsWith("2") && times++ === 0 ? disturbed : measured(hash)));
    expect(once.among).toEqual([COMMITS[3]]);
    const never = await search((hash) => (hash.startsWith("2") ? disturbed : measured(hash)));
    expect(never.steps.filter(({ commit }) => commit === COMMITS[2]).map(({ says }) => says)).toEqual([
      ...["undecided", "undecided", "passed over"],
    ]);
  });
});

describe("what a run of one commit says", () => {
  const [fib] = sampleVerdict().comparisons;
  if (!fib) throw new Error("the sample has comparisons");
  const task = { benchmark: "fib:time", baseline: "1.3.2" };
  const of = (change: Partial<typeof fib>) => measuredOf(sampleVerdict({ comparisons: [{ ...fib, ...change }] }), task);

  test("is its differences, unless it was disturbed", () => {
    expect(of({ differences: [0.1, 0.2] })).toEqual({ kind: "measured", run: "r3", differences: [0.1, 0.2] });
    expect(of({ outcome: "invalid", reason: "busy" })).toMatchObject({ reason: "busy", again: true });
    expect(measuredOf(sampleVerdict({ comparisons: [] }), task)).toMatchObject({ again: false });
  });

  test("ends the search when there is nothing to compare with any more", () => {
    expect(() => of({ outcome: "no-baseline" })).toThrow("no wheel of 1.3.2");
  });
});

describe("what a search is for", () => {
  const view = sampleVerdict();

  test("is the benchmark by its name, or by the part that tells it from others", () => {
    expect(chooseComparison(view, "train", null)).toMatchObject({ baseline: "1.3.2", slowdown: Math.log(1.1) });
    expect(() => chooseComparison(view, "nothing", null)).toThrow("compared no benchmark");
    expect(() => chooseComparison(view, "io:rate", null)).toThrow("does not show io:rate slower: too few clean pairs");
    expect(() => chooseComparison(view, "train", "cp39-x")).toThrow("did not measure train:peak-memory in cp39-x");
  });

  test("lies where the matrix says, in a sentence", () => {
    const told = { slow: 1, fast: 2, unknown: 0 };
    const axis = { axis: "python", slow: ["3.13"], fast: ["3.11", "3.12"], mixed: [], explains: true };
    expect(attributionText([{ ...axis, switches: [["3.13", "3.12"]] }], told)).toEqual([
      "It is slower with python 3.13, and not with 3.11, 3.12.",
    ]);
    expect(attributionText([{ ...axis, switches: [] }], told)[0]).toContain("other axes changed with it");
    expect(attributionText([], { slow: 3, fast: 0, unknown: 1 })[0]).toContain("in all 3 cells");
    expect(attributionText([], { slow: 1, fast: 0, unknown: 0 })[0]).toContain("one cell only");
    const { told: counted } = attributionOf({ cells: [] } as never, view, "train:peak-memory");
    expect(counted).toEqual({ slow: 1, fast: 0, unknown: 0 });
  });
});
