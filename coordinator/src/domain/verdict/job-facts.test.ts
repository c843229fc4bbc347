import { NO_POLICY, type FactSources } from "@kiln/gate";
import type { Plan, PlannedBuild, PlannedJob } from "@kiln/matrix";
import type { Report, TestReport, WheelReport } from "@kiln/proto";
import { describe, expect, test } from "vitest";
import type { Outcome } from "../outcome.ts";
import type { ArtifactRow, AttemptRow, JobRow } from "../rows.ts";
import { twoStepPlan } from "../testing.ts";
import { JobFactsBuilder, type JobFacts } from "./job-facts.ts";

const REPORT: WheelReport = {
  ...{ kind: "wheel", tags: [], sizeBytes: 1, policy: "manylinux_2_17", glibc: "2.17", extensions: [], grafted: [] },
  ...{
    external: ["libc.so.6"],
    foreignRpaths: [],
    smArchitectures: ["80"],
    ptxArchitectures: [],
    reproducibility: null,
  },
  ...{ sourceDateEpoch: 0, remarks: [] },
};
const TESTS: TestReport = {
  ...{ kind: "test", tests: 5, passed: 2, failed: 0, errors: 2, skipped: 1, flaky: 0, durationMs: 5 },
  ...{ failures: [], skips: [], slowest: [], coverage: null },
};
const FILE = "demo-1.0+cu118-cp312-cp312-manylinux_2_17_x86_64.whl";

interface Ended {
  readonly outcome?: Outcome;
  readonly file?: string | null;
  readonly reports?: readonly Report[];
  readonly artifacts?: readonly ArtifactRow[];
  readonly exitCode?: number;
}

/** Facts of a build and a test of it, and of other jobs after them. */
function factsOf(
  ends: readonly Ended[],
  change: Partial<PlannedBuild["wheel"]> = {},
  more: readonly PlannedJob[] = [],
  sources: FactSources = NO_POLICY.sources,
): JobFacts {
  const base = twoStepPlan(["3.12"]);
  const [build, ...rest] = base.jobs;
  if (build?.kind !== "build") throw new Error("the plan begins with a build");
  const plan: Plan = {
    ...base,
    candidate: { name: "demo", version: "1.0" },
    jobs: [{ ...build, wheel: { ...build.wheel, ...change } }, ...rest, ...more],
  };
  const builder = new JobFactsBuilder(plan, sources);
  for (const [
    job,
    { outcome = "passed", file = job === 0 ? FILE : null, reports = [], artifacts = [], exitCode = 0 },
  ] of ends.entries()) {
    const wheel =
      file === null ? [] : [{ role: "wheel", blob: { sha256: "1".repeat(64), sizeBytes: 1, filename: file } }];
    const row = { run: 1, job, outcome, summary: "", finishedAtMs: 7 } as JobRow;
    const steps = [{ title: "", logOffset: 0, exitCode, durationMs: 1 }];
    builder.add(row, { artifacts: [...wheel, ...artifacts], reports, steps } as unknown as AttemptRow);
  }
  return builder.facts();
}

describe("what a wheel's audit says", () => {
  const audit = (report: Partial<WheelReport> | null, change: Partial<PlannedBuild["wheel"]> = {}, file = FILE) =>
    factsOf([{ file, reports: report === null ? [] : [{ ...REPORT, ...report }] }], change).audits[0];

  test.for([
    [{ policy: "manylinux_2_17" }, true],
    [{ policy: "manylinux_2_28" }, false],
    [{ policy: null, glibc: null }, true],
    [{ policy: null, glibc: "2.28" }, false],
    [null, null],
  ] as const)("of the symbols %o is: the policy in its name holds %o", ([report, keepsPolicy]) => {
    expect(audit(report)).toMatchObject({ promisedPolicy: "manylinux_2_17_x86_64", keepsPolicy });
  });

  test("names the SM architectures that were promised, and that nobody looked where there is no report", () => {
    const change = { archList: ["8.0", "9.0+PTX"] };
    expect(audit({}, change)).toMatchObject({ promisedSms: ["80", "90"], foundSms: ["80"] });
    expect(audit(null, change)).toMatchObject({ promisedSms: ["80", "90"], foundSms: null });
  });

  test("promises nothing of a wheel for any platform, whose libraries no policy speaks of", () => {
    expect(audit({ external: ["libfoo.so"] }, {}, "demo-1.0-py3-none-any.whl")).toMatchObject({
      promisedPolicy: null,
      externalLibraries: [],
    });
    expect(audit({ external: ["libfoo.so", "libc.so.6"] })).toMatchObject({ externalLibraries: ["libfoo.so"] });
  });
});

describe("what a test says", () => {
  test("tells files that could not be collected from tests that failed", () => {
    const failure = { name: "a", outcome: "error" as const, durationMs: 0, place: "" };
    const failures = [
      { ...failure, message: "collection failure\nImportError" },
      { ...failure, message: "fixture" },
    ];
    const { suites } = factsOf([{}, { outcome: "tests-failed", reports: [{ ...TESTS, failures }] }]);
    expect(suites).toMatchObject([{ executed: 4, failed: 0, errors: 1, skipped: 1, collectionErrors: 1 }]);
  });

  test("has installed the candidate's version, also where the plan gave the wheel a local one, but no other", () => {
    expect(factsOf([{}, {}], { localVersion: "cu118" }).installs).toMatchObject([
      { imports: true, installedVersion: "1.0" },
    ]);
    expect(factsOf([{}, {}]).installs).toMatchObject([{ installedVersion: "1.0+cu118" }]);
    expect(factsOf([{ file: "demo-1.0.0-py3-none-any.whl" }, {}]).installs).toMatchObject([
      { installedVersion: "1.0" },
    ]);
  });

  test("leaves open what a failed job did not reach, and says nothing where it was not tried", () => {
    expect(factsOf([{}, { outcome: "tests-failed" }]).installs).toMatchObject([
      { imports: null, installedVersion: null },
    ]);
    for (const outcome of ["agent-lost", "infrastructure", "cancelled", "not-run"] as const) {
      expect(factsOf([{}, { outcome }]).installs).toEqual([]);
    }
  });
});

describe("what commands say", () => {
  const [build] = twoStepPlan(["3.12"]).jobs;
  const scan = (name: string): PlannedJob => {
    if (build?.kind !== "build") throw new Error("the plan begins with a build");
    const { cell, key, requirement, touchstone, env, secrets, limits, container } = build;
    const base = { cell, key, requirement, touchstone, env, secrets, limits, container, needs: [build.name] };
    const wheel = build.name.replace("build-", "");
    return {
      ...base,
      kind: "scan",
      name: `scan-${name}-${wheel}`,
      wheelOf: build.name,
      requires: [],
      command: "x",
      files: [],
    };
  };

  test("is an example's exit where they run examples, by their names or by the spec's list", () => {
    const more = [scan("examples"), scan("tour")];
    const ends = [{}, {}, { outcome: "tests-failed", exitCode: 3 }, { outcome: "timed-out" }] as const;
    expect(factsOf(ends, {}, more).examples).toMatchObject([{ name: "examples", exitCode: 3 }]);
    expect(factsOf(ends, {}, more, { examples: ["tour"] }).examples).toMatchObject([{ name: "tour", exitCode: null }]);
    expect(factsOf([{}, {}]).examples).toBeUndefined();
  });

  test("is whether a README renders, where the spec names the scan for it", () => {
    const rendered = (outcome: Outcome) => [
      ...factsOf([{}, {}, { outcome }], {}, [scan("metadata")], { readmeScan: "metadata" }).rendered.values(),
    ];
    expect([rendered("passed"), rendered("tests-failed"), rendered("agent-lost")]).toEqual([[true], [false], []]);
  });

  test("are files for gates, each with the command that left it", () => {
    const artifacts = [{ role: "scan", blob: { sha256: "2".repeat(64), sizeBytes: 1, filename: "a.sarif" } }];
    expect(factsOf([{}, {}, { artifacts }], {}, [scan("cve")]).scanFiles).toMatchObject([
      { command: "cve", atMs: 7, blob: { filename: "a.sarif" } },
    ]);
  });
});
