import type { GateView, VerdictView } from "@kiln/proto";
import { T0 } from "./views.ts";

export const DIGEST = "c0ffee".repeat(10) + "c0ff";

function gate(
  id: string,
  name: string,
  outcome: GateView["outcome"],
  reason: string,
  evidence: GateView["evidence"] = [],
) {
  return { id, name, outcome, reason, evidence, evidenceOmitted: 0 };
}

/** A verdict with a gate of every outcome, evidence of every kind, and a benchmark of every sort. */
export function sampleVerdict(changes: Partial<VerdictView> = {}): VerdictView {
  const wheel = "demo-1.4.0-cp312-cp312-manylinux_2_28_x86_64.whl";
  const comparison = {
    cell: "cp312-linux-x86_64",
    better: "lower" as const,
    baseline: "1.3.2",
    machine: "NVIDIA H200",
    reason: "",
    differences: [],
  };
  const pairs = 10;
  return {
    run: "r3",
    verdict: "fail",
    reason: "1 of 4 jobs failed: test-cp312-linux-x86_64 (tests-failed)",
    decidedBy: "G13",
    judgedAtMs: T0,
    asOfMs: T0 + 1_000,
    candidate: { name: "demo", version: "1.4.0", digest: DIGEST, lastRelease: "1.3.2" },
    counts: { total: 4, waiting: 0, active: 0, passed: 3, failed: 1, notRun: 0 },
    cells: { planned: 2, excluded: 1, reduced: 3 },
    files: [{ file: wheel, sha256: "1".repeat(64), cell: "cp312-linux-x86_64" }],
    filesOmitted: 0,
    gates: [
      gate("G05", "changelog-entry", "fail", "the section of 1.4.0 has no date", [
        { kind: "file", file: "CHANGELOG.md", line: 12, text: "the section of 1.4.0 has no date" },
      ]),
      gate("G10", "artifact-contents", "pass", "the contents of 1 files are as expected"),
      gate("G11", "platform-tag", "waived", "waived by ada: known (it was fail: …)", [
        {
          kind: "artifact",
          file: wheel,
          sha256: "1".repeat(64),
          text: `${wheel}: needs libfoo.so.1, which nothing allowed brings`,
        },
      ]),
      gate("G13", "matrix-completeness", "fail", "1 of 4 jobs failed: test-cp312-linux-x86_64 (tests-failed)", [
        {
          kind: "job",
          job: "test-cp312-linux-x86_64",
          outcome: "tests-failed",
          summary: '2 tests failed <x> & \u001b[31m"y"',
        },
      ]),
      gate("G16", "coverage", "inconclusive", "no coverage was reported", [
        {
          kind: "measured",
          what: "line coverage",
          value: 0.75,
          unit: "",
          limit: "≥ 0.8",
          text: "75.0 % of the lines are covered",
        },
      ]),
      gate("G20", "vulnerability-scan", "not-run", "not known: scans (no scan has written SARIF)"),
      gate("G22", "benchmark-regression", "invalid", "1 of 2 comparisons are contaminated", [
        { kind: "statement", text: "fib:time in cp312: another process was on the GPU" },
      ]),
    ],
    comparisons: [
      {
        ...{ ...comparison, benchmark: "fib:time", unit: "s", outcome: "unchanged" },
        effect: { baseline: 0.00123, candidate: 0.00124, ratio: { estimate: 1.008, low: 0.99, high: 1.03 }, pairs },
      },
      {
        ...{ ...comparison, benchmark: "train:peak-memory", unit: "B", outcome: "regressed" },
        effect: {
          baseline: 6e9,
          candidate: 6.6e9,
          ratio: { estimate: 1.1, low: 1.08, high: null },
          pairs,
        },
      },
      {
        ...comparison,
        benchmark: "io:rate",
        unit: "1/s",
        outcome: "cannot-tell",
        effect: null,
        reason: "too few clean pairs",
      },
    ],
    comparisonsOmitted: 0,
    falsePositives: [
      {
        ...{ machine: "NVIDIA H200", comparisons: 40, stopped: 1, undecided: 2 },
        share: { estimate: 0.025, low: 0.0006, high: 0.1316 },
      },
      { machine: "Xeon, 8 cores", comparisons: 0, stopped: 0, undecided: 0, share: null },
    ],
    approvals: [{ who: "token:ada", role: "releaser", onBehalfOf: "", digest: DIGEST, atMs: T0 }],
    waivers: [
      {
        gate: "G11",
        who: "token:ada",
        role: "releaser",
        onBehalfOf: "",
        why: "known",
        digest: DIGEST,
        expiresAtMs: T0 + 86_400_000,
      },
    ],
    ...changes,
  };
}
