import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { JobFact, JobOutcome } from "./facts.ts";
import { combine, judge } from "./judge.ts";
import { EVIDENCE_MAX, type GateOutcome, type GateResult, type Verdict } from "./verdict.ts";

/** What one job that ended like this, beside a cell that passed, makes of a run. */
const EXPECTED = {
  passed: "pass",
  "build-failed": "fail",
  "tests-failed": "fail",
  regressed: "fail",
  "timed-out": "fail",
  "out-of-resources": "fail",
  "bad-spec": "fail",
  infrastructure: "inconclusive",
  "agent-lost": "inconclusive",
  cancelled: "inconclusive",
  "not-run": "inconclusive",
} as const satisfies Record<JobOutcome, Verdict>;

const OUTCOMES = Object.keys(EXPECTED) as JobOutcome[];

/** The two jobs of a cell. */
function cell(name: string, build: JobOutcome, tested: JobOutcome): JobFact[] {
  const summary = (outcome: JobOutcome) => (outcome === "passed" ? "" : `it ended ${outcome}`);
  return [
    { name: `build-${name}`, kind: "build", needs: [], outcome: build, summary: summary(build) },
    { name: `test-${name}`, kind: "test", needs: [`build-${name}`], outcome: tested, summary: summary(tested) },
  ];
}

describe("G13 matrix-completeness", () => {
  test.for(OUTCOMES)("a test that ended %s decides as the table says", (outcome) => {
    const { verdict, gates } = judge({
      jobs: [...cell("cp312", "passed", "passed"), ...cell("cp313", "passed", outcome)],
    });
    expect(verdict).toBe(EXPECTED[outcome]);
    expect(gates).toMatchObject([{ id: "G13", name: "matrix-completeness", outcome: verdict }]);
  });

  test("passes when every cell was built and tested, with all jobs as evidence", () => {
    const { verdict, reason, gates } = judge({
      jobs: [...cell("cp312", "passed", "passed"), ...cell("cp313", "passed", "passed")],
    });
    expect(verdict).toBe("pass");
    expect(reason).toBe("every cell passed: 2 built and tested");
    expect(gates[0]?.evidence).toHaveLength(4);
  });

  test("fails by name: a test that was not run does not hide the build that failed", () => {
    const { verdict, reason, gates } = judge({
      jobs: [...cell("cp312", "build-failed", "not-run"), ...cell("cp313", "passed", "infrastructure")],
    });
    expect(verdict).toBe("fail");
    expect(reason).toBe("1 of 4 jobs failed: build-cp312 (build-failed)");
    expect(gates[0]?.evidence).toEqual([
      { kind: "job", job: "build-cp312", outcome: "build-failed", summary: "it ended build-failed" },
    ]);
  });

  test("cannot tell when a build was lost, and names the build, not the test that waited for it", () => {
    const { verdict, reason } = judge({
      jobs: [...cell("cp312", "agent-lost", "not-run"), ...cell("cp313", "passed", "passed")],
    });
    expect(verdict).toBe("inconclusive");
    expect(reason).toBe("2 of 4 jobs came to no result: build-cp312 (agent-lost)");
  });

  test("a test that was not run although its build passed is named", () => {
    expect(judge({ jobs: cell("cp312", "passed", "not-run") }).reason).toContain("test-cp312 (not-run)");
  });

  test("no jobs at all is no pass", () => {
    expect(judge({ jobs: [] })).toMatchObject({ verdict: "inconclusive", reason: "no cell was tested" });
  });

  test("builds without tests are no pass", () => {
    const [build] = cell("cp312", "passed", "passed");
    expect(judge({ jobs: build ? [build] : [] }).verdict).toBe("inconclusive");
  });

  test("a long list is cut in the reason and in the evidence, and says by how much", () => {
    const jobs = Array.from({ length: 150 }, (_, index) => cell(`c${index}`, "build-failed", "not-run")).flat();
    const [gate] = judge({ jobs }).gates;
    expect(gate?.reason).toBe(
      "150 of 300 jobs failed: build-c0 (build-failed), build-c1 (build-failed), build-c2 (build-failed) and 147 more",
    );
    expect(gate?.evidence).toHaveLength(EVIDENCE_MAX);
    expect(gate?.evidenceOmitted).toBe(50);
  });

  test("only a run whose every job passed can pass, and any failure fails it", () => {
    const outcome = fc.constantFrom(...OUTCOMES);
    fc.assert(
      fc.property(fc.array(fc.tuple(outcome, outcome), { maxLength: 6 }), (cells) => {
        const jobs = cells.flatMap(([build, tested], index) => cell(`c${index}`, build, tested));
        const { verdict, reason } = judge({ jobs });
        const failed = jobs.some((job) => EXPECTED[job.outcome] === "fail");
        expect(verdict === "fail").toBe(failed);
        expect(verdict === "pass").toBe(jobs.length > 0 && jobs.every((job) => job.outcome === "passed"));
        expect(reason).not.toBe("");
      }),
    );
  });
});

describe("several gates", () => {
  const gate = (outcome: GateOutcome): GateResult => ({
    id: outcome,
    name: outcome,
    outcome,
    reason: `it was ${outcome}`,
    evidence: [],
    evidenceOmitted: 0,
  });

  test.for([
    [["pass", "waived"], "pass", "it was pass"],
    [["waived"], "pass", "it was waived"],
    [["pass", "inconclusive"], "inconclusive", "it was inconclusive"],
    [["pass", "invalid"], "inconclusive", "it was invalid"],
    [["pass", "not-run"], "inconclusive", "it was not-run"],
    [["inconclusive", "pass", "fail"], "fail", "it was fail"],
    [[], "inconclusive", "no gate was judged"],
  ] as const)("%j are together %s", ([outcomes, verdict, reason]) => {
    expect(combine(outcomes.map(gate))).toMatchObject({ verdict, reason });
  });
});
