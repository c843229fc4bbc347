import { COMPARE_POLICY } from "@kiln/gate";
import type { PlannedBench } from "@kiln/matrix";
import type { MeasuredProcess } from "@kiln/proto";
import { describe, expect, test } from "vitest";
import type { AttemptRow } from "../rows.ts";
import { compareJobs, type MeasuredJob } from "./comparisons.ts";

const JOB = {
  ...{ kind: "bench", name: "bench-cp312-linux-x86_64", cell: "cp312-linux-x86_64", format: "kiln", metrics: {} },
  ...{ columns: null, boundBy: "host", baseline: { kind: "last-release" } },
} as unknown as PlannedBench;

/** A file of Kiln's own format. */
function fileOf(...benchmarks: readonly (readonly [name: string, seconds: number])[]): string {
  const rows = benchmarks.map(([benchmark, value]) => ({
    ...{ benchmark, metric: "time", unit: "s", better: "lower", samples: [value] },
  }));
  const lines = [{ kiln: "benchmarks/1" }, ...rows, { end: rows.length }];
  return lines.map((one) => JSON.stringify(one)).join("\n");
}

interface Measured {
  readonly pairs: number;
  /** Of the candidate over the baseline. */
  readonly ratio: (pair: number) => number;
  readonly foreignCpu?: number;
  readonly baseline?: boolean;
  readonly text?: (arm: string, value: number) => string;
}

/** Processes and files of one attempt: the baseline takes about a second. */
function attempt({ pairs, ratio, foreignCpu = 0, baseline = true, text }: Measured): MeasuredJob["attempts"][number] {
  const processes: MeasuredProcess[] = [];
  const texts = new Map<string, string>();
  for (let pair = 1; pair <= pairs; pair += 1) {
    const arms = (pair % 2 === 1 ? (["baseline", "candidate"] as const) : (["candidate", "baseline"] as const)).filter(
      (arm) => baseline || arm === "candidate",
    );
    for (const arm of arms) {
      const value = (1 + pair / 1_000) * (arm === "candidate" ? ratio(pair) : 1);
      const file = `pair-${pair}-${arm}-bench.json`;
      texts.set(file, (text ?? ((_, at) => fileOf(["fib", at])))(arm, value));
      const stamp = { gpu: null, foreignCpu };
      processes.push({ arm, pair, exitCode: 0, durationMs: 1_000, stamp, files: [file], disturbed: "" });
    }
  }
  const report = { kind: "measure", baseline: baseline ? "1.0" : null, processes } as const;
  return { attempt: {} as AttemptRow, report, texts };
}

function compared(...attempts: MeasuredJob["attempts"]) {
  return compareJobs([{ index: 7, job: JOB, attempts }], COMPARE_POLICY);
}

const jitter = (pair: number): number => 1 + ((pair * 37) % 10) / 5_000;

describe("what bench jobs measured", () => {
  test("passes when the candidate is as fast, at the first look", () => {
    const { judged, toConfirm } = compared(attempt({ pairs: 6, ratio: jitter }));
    expect(judged).toMatchObject([{ comparison: { benchmark: "fib:time" }, outcome: { kind: "unchanged" } }]);
    expect(toConfirm).toEqual([]);
  });

  test("is asked for again when a first look finds it slower, and fails when fresh pairs confirm it", () => {
    const slower = { ratio: (pair: number) => 1.1 * jitter(pair) };
    const look = attempt({ pairs: 6, ...slower });
    expect(compared(look).toConfirm).toEqual([7]);
    const { judged, toConfirm } = compared(look, attempt({ pairs: 10, ...slower }));
    expect(judged).toMatchObject([{ outcome: { kind: "regressed" }, comparison: { baseline: "1.0" } }]);
    expect(toConfirm).toEqual([]);
  });

  test("is invalid, and not failed, when another tenant used the host", () => {
    const { judged } = compared(attempt({ pairs: 9, ratio: () => 1.1, foreignCpu: 0.9 }));
    expect(judged).toMatchObject([{ outcome: { kind: "invalid" } }]);
  });

  test("without a baseline says so, and still has values for budgets", () => {
    const { judged, measured } = compared(attempt({ pairs: 6, ratio: () => 1, baseline: false }));
    expect(judged).toMatchObject([{ outcome: { kind: "no-baseline" } }]);
    expect(measured).toEqual([{ what: "fib:time", cell: JOB.cell, value: expect.closeTo(1.0035), unit: "s" }]);
  });

  test.for([
    [{ kind: "last-release" }, "no lower version passed on this farm", true],
    [{ kind: "index" }, "no release of the package index", false],
    [{ kind: "version", version: "1.4.2" }, "neither the farm nor the package index has 1.4.2", false],
    [{ kind: "commit", commit: "1a2b3c4" }, "no run of this farm has a wheel of commit 1a2b3c4", false],
  ] as const)("without the baseline %j says which, and whether a first release may", ([wanted, says, mayBeFirst]) => {
    const attempts = [attempt({ pairs: 6, ratio: () => 1, baseline: false })];
    const { judged } = compareJobs([{ index: 7, job: { ...JOB, baseline: wanted }, attempts }], COMPARE_POLICY);
    const reason = expect.stringContaining(says) as string;
    expect(judged).toMatchObject([{ outcome: { kind: "no-baseline", reason, mayBeFirst } }]);
  });

  test("says that a benchmark of the candidate alone has no baseline", () => {
    const text = (arm: string, value: number) =>
      arm === "candidate" ? fileOf(["fib", value], ["new", value]) : fileOf(["fib", value]);
    const { judged } = compared(attempt({ pairs: 6, ratio: jitter, text }));
    const kinds = judged.map(({ comparison, outcome }) => [comparison.benchmark, outcome.kind]);
    expect(kinds).toEqual([
      ["fib:time", "unchanged"],
      ["new:time", "no-baseline"],
    ]);
  });

  test.for([
    ["", "is empty"],
    ['{"benchmark": "fib"', "pair-1-baseline-bench.json"],
    [fileOf(["fib", 1], ["fib", 2]), "fib"],
    [fileOf(["fib", 1]).replace('\n{"end":1}', ""), "Was the file cut off?"],
  ])("that cannot be read (%j) is invalid and names the file", ([text, says]) => {
    const { judged, measured } = compared(attempt({ pairs: 6, ratio: jitter, text: () => text as string }));
    expect(judged).toMatchObject([{ outcome: { kind: "invalid" } }]);
    expect(JSON.stringify(judged)).toContain(says);
    expect(measured).toEqual([]);
  });

  test("that is missing altogether is invalid", () => {
    expect(compared()).toMatchObject({ judged: [{ outcome: { kind: "invalid" } }] });
  });
});
