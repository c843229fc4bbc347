import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Judged } from "../compare/compare.ts";
import { CATALOGUE, type GateId } from "./catalogue.ts";
import { CANDIDATE, WHEEL } from "./case-facts.ts";
import type { ApproverRole, GateFacts, MetadataFact, ProfileFact, ScanFact, SoakFact } from "./gate-facts.ts";
import type { Finding, Rule } from "./rule.ts";

function judge(id: GateId, facts: GateFacts, options: object = {}): Finding {
  const rule = CATALOGUE[id] as Rule<object>;
  return rule.judge({ candidate: CANDIDATE, ...facts }, { ...rule.defaults, ...options });
}

describe("G02", () => {
  const version = (one: string, lastRelease: string | null = "1.3.2", files: readonly string[] = []) =>
    judge("G02", {
      candidate: { ...CANDIDATE, version: one, lastRelease },
      index: { index: "staging", files },
      artifacts: [WHEEL],
    });

  test.for([
    ["1.4.0", "pass", "is canonical"],
    ["1.4.0rc1", "pass", "is canonical"],
    ["1.4", "pass", "is canonical"],
    ["v1.4.0", "fail", 'is written "1.4.0"'],
    ["1.04", "fail", 'is written "1.4"'],
    ["one", "fail", "is no version"],
    ["1.4.0+cu128", "fail", "has a local part"],
    ["1.3.2", "fail", "is not higher than the last release, 1.3.2"],
    ["1.3.2rc1", "fail", "is not higher"],
    ["1.3.2.post1", "pass", "higher than 1.3.2"],
    ["1.10.0", "pass", "higher than 1.3.2"],
  ] as const)("%s: %s, it %s", ([one, outcome, reason]) => {
    expect(version(one)).toMatchObject({ outcome, reason: expect.stringContaining(reason) as string });
  });

  test("a file that the index has is named, and a first release needs no earlier one", () => {
    expect(version("1.4.0", "1.3.2", [WHEEL.file]).reason).toContain("is on staging already");
    expect(version("0.1.0", null).outcome).toBe("pass");
  });
});

describe("G05", () => {
  const changelog = (text: string) => judge("G05", { changelog: { file: "CHANGELOG.md", text } });

  test.for([
    ["## [1.4.0] - 2026-11-20\n\n- A fix.\n", "pass", "describes 1.4.0"],
    [
      "# Changes\n\n## v1.4.0 – 2028-02-29\n### Fixed\n\n- A fix.\n\n## 1.3.2 - 2026-01-01\n",
      "pass",
      "describes 1.4.0",
    ],
    ["## [1.4.0](https://example.org/compare) - 2026-11-20\r\n- A fix.\r\n", "pass", "describes 1.4.0"],
    ["## [1.4.0] - 2026-11-20\n- a\n## [1.4.0] - 2026-11-21\n- b\n", "fail", "has 2 sections"],
    ["## [1.4.0]\n- a\n", "fail", "has no date"],
    ["## [1.4.0] - 2026-02-29\n- a\n", "fail", "2026-02-29 is no date"],
    ["## [1.4.0] - soon\n- a\n", "fail", "soon is no date"],
    ["## [1.4.0] - 2026-11-20\n### Fixed\n\n## [1.3.2] - 2026-01-01\n- a\n", "fail", "is empty"],
    ["## [1.4.0] - 2026-11-20\n[1.4.0]: https://example.org\n", "fail", "is empty"],
    ["## [1.4.01] - 2026-11-20\n- a\n", "fail", "has no section"],
    ["### [1.4.0] - 2026-11-20\n- a\n", "fail", "has no section"],
  ] as const)("%j: %s", ([text, outcome, reason]) => {
    expect(changelog(text)).toMatchObject({ outcome, reason: expect.stringContaining(reason) as string });
  });

  test("the evidence names the line", () => {
    expect(changelog("# Changes\n\n## [1.4.0]\n- a\n").evidence).toMatchObject([
      { kind: "file", file: "CHANGELOG.md", line: 3 },
    ]);
  });

  test("any text is judged, in time", () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom("## ", "[1.4.0]", " - ", "2026-11-20", "\n", "- a", "(", ")", "#", " ".repeat(50)), {
          maxLength: 200,
        }),
        (parts) => {
          expect(["pass", "fail", "inconclusive"]).toContain(changelog(parts.join("")).outcome);
        },
      ),
    );
  });
});

describe("G09", () => {
  const base = CATALOGUE.G09.cases.pass.facts.metadata?.[0];
  const metadata = (change: Partial<MetadataFact>, pythons: readonly string[] = ["3.12"]) =>
    judge("G09", { metadata: [{ ...base!, ...change }], matrixPythons: pythons });

  test.for<[string, Partial<MetadataFact>, Finding["outcome"]]>([
    [
      "is classified for Python 3.10, which requires-python",
      { classifiers: ["Programming Language :: Python :: 3.10", "Programming Language :: Python :: 3.12"] },
      "fail",
    ],
    [
      "has a licence expression and a licence classifier",
      { classifiers: ["License :: OSI Approved :: MIT License", "Programming Language :: Python :: 3.12"] },
      "fail",
    ],
    ["README does not render", { readmeRenders: false }, "fail"],
    ["is no specifier", { requiresPython: "three" }, "fail"],
    ["Python 3.12, which no classifier names", { classifiers: ["Programming Language :: Python :: 3.11"] }, "fail"],
    ["no such field", { problems: ["no such field"] }, "fail"],
    ["agrees with the matrix", { requiresPython: ">=3.12.3", classifiers: [] }, "pass"],
    ["agrees with the matrix", { requiresPython: null, classifiers: ["Programming Language :: Python :: 3"] }, "pass"],
  ])("%s", ([reason, change, outcome]) => {
    expect(metadata(change)).toMatchObject({ outcome, reason: expect.stringContaining(reason) as string });
  });

  test("two files with different licences disagree", () => {
    const facts = { metadata: [base!, { ...base!, licenseExpression: "MIT" }], matrixPythons: ["3.12"] };
    expect(judge("G09", facts).reason).toContain("different licences: Apache-2.0, MIT");
  });
});

describe("G20", () => {
  const scans: readonly ScanFact[] = [
    { tool: "grype", databaseAtMs: 1_000, findings: [{ id: "CVE-1", severity: "critical", where: "zlib", text: "x" }] },
  ];
  const waiver = { id: "CVE-1", who: "ada", why: "not reachable", expiresAtMs: 5_000 };

  test("a finding's waiver holds until it expires, and the database's age is evidence", () => {
    expect(judge("G20", { nowMs: 4_999, scans }, { waivers: [waiver] })).toMatchObject({
      outcome: "pass",
      evidence: [{ text: expect.stringContaining("waived by ada") as string }, { what: "grype: age of the database" }],
    });
    expect(judge("G20", { nowMs: 5_000, scans }, { waivers: [waiver] })).toMatchObject({
      outcome: "fail",
      reason: expect.stringContaining("has expired") as string,
    });
  });

  test("a stale database cannot tell that nothing is there", () => {
    const clean = [{ ...scans[0]!, findings: [] }];
    expect(judge("G20", { nowMs: 8 * 86_400_000, scans: clean }).outcome).toBe("inconclusive");
  });
});

describe("G21", () => {
  test.for([
    ["demo-*.whl", "demo-1.4.0-cp312-cp312-manylinux_2_28_x86_64.whl", true],
    ["demo-*-cp312-*.whl", "demo-1.4.0-cp312-cp312-manylinux_2_28_x86_64.whl", true],
    ["demo-1.4.0.tar.gz", "demo-1.4.0.tar.gz", true],
    ["demo-1.4.0.tar.gz", "demo-1.4.0.tar.gz.asc", false],
    ["ab*ba", "aba", false],
    ["*", "", true],
  ] as const)("%s fits %s: %s", ([pattern, file, fits]) => {
    const sbom = { ...WHEEL, format: "CycloneDX" as const, components: 1, inWheel: false };
    const found = judge("G21", { artifacts: [{ ...WHEEL, file }], sboms: [sbom] }, { expected: [pattern] });
    expect(found.outcome).toBe(fits ? "pass" : "fail");
  });
});

describe("G22", () => {
  const judged = (outcome: Judged["outcome"]): Judged => ({
    ...CATALOGUE.G22.cases.pass.facts.comparisons![0]!,
    outcome,
  });
  const effect = {
    baseline: 1,
    candidate: 1,
    ratio: { estimate: 1.1, low: 1.08, high: 1.12 },
    pairs: 10,
    pValue: 0.001,
  };
  const outcomeOf = (...outcomes: readonly Judged["outcome"][]) =>
    judge("G22", { comparisons: outcomes.map(judged) }).outcome;

  test("contaminated comparisons are invalid, unless a clean one regressed", () => {
    const invalid = { kind: "invalid", reason: "a co-tenant" } as const;
    expect(outcomeOf({ kind: "unchanged", effect }, invalid)).toBe("invalid");
    expect(outcomeOf({ kind: "regressed", effect, discoveryRate: 0.001 }, invalid)).toBe("fail");
  });

  test("a missing baseline is not run, and passes only for a first release whose policy says so", () => {
    expect(outcomeOf({ kind: "unchanged", effect }, { kind: "no-baseline" })).toBe("not-run");
    const facts = (lastRelease: string | null): GateFacts => ({
      candidate: { ...CANDIDATE, lastRelease },
      comparisons: [judged({ kind: "no-baseline" })],
    });
    expect(judge("G22", facts(null), { firstReleaseWithout: true }).outcome).toBe("pass");
    expect(judge("G22", facts("1.3.2"), { firstReleaseWithout: true }).outcome).toBe("not-run");
    const named = judged({ kind: "no-baseline", reason: "no run is of commit 1a2b3c4", mayBeFirst: false });
    expect(judge("G22", { ...facts(null), comparisons: [named] }, { firstReleaseWithout: true })).toMatchObject({
      outcome: "not-run",
      evidence: [{ text: expect.stringContaining("no run is of commit 1a2b3c4") as string }],
    });
  });

  test("what was flagged and not confirmed yet is inconclusive", () => {
    expect(outcomeOf({ kind: "needs-confirmation", why: "flagged", effect })).toBe("inconclusive");
  });

  test("its sentence has the change, its interval and how often the gate is wrong", () => {
    const identical = {
      runs: 40,
      stopped: 1,
      falsePositives: { rate: 0.025, lower: 0, upper: 0.13 },
      deviation: 0.004,
    };
    const one = judged({ kind: "regressed", effect, discoveryRate: 0.001 });
    const { reason } = judge("G22", { comparisons: [{ ...one, comparison: { ...one.comparison, identical } }] });
    expect(reason).toBe(
      "fib:time in cp312-linux-x86_64: regressed, +10.0 % (+8.0 % … +12.0 %, 10 pairs) against 1.3.2; against itself it was stopped in 1 of 40 runs",
    );
  });
});

describe("G22, with profiles", () => {
  const regressed = CATALOGUE.G22.cases.fail.facts.comparisons![0]!;
  const profile = CATALOGUE.G24.cases.pass.facts.profiles![0]!;
  const kernel = (bytes: number, sha256: string) => ({
    ...profile.candidate[0]!,
    metrics: new Map([["dram__bytes_op_read.sum", { value: bytes, unit: "B" }]]),
    binary: { architecture: "90", sha256 },
  });
  const judged = (changes: Partial<ProfileFact>, comparisons = [regressed]) =>
    judge("G22", { comparisons, profiles: [{ ...profile, baselineVersion: "1.3.2", ...changes }] });

  test("a confirmed regression has the counters that moved behind it, and is counted alone", () => {
    const { outcome, reason, evidence } = judged({ candidate: [kernel(150, "b")], baseline: [kernel(100, "a")] });
    expect(outcome).toBe("fail");
    expect(reason).not.toContain("more");
    expect(evidence).toMatchObject([
      { kind: "measured", what: "fib:time in cp312-linux-x86_64" },
      {
        kind: "measured",
        what: "dram__bytes_op_read.sum of gemm(float*) (2, 25, 1)×(256, 1, 1)",
        ...{ value: 150, unit: "B", limit: "was 100" },
        text: "cp312-linux-x86_64: dram__bytes_op_read.sum of gemm(float*) (2, 25, 1)×(256, 1, 1) (changed binary) rose by 50.0 %",
      },
    ]);
  });

  test("a profile of another cell, of another baseline, or without one explains nothing", () => {
    const moved = { candidate: [kernel(150, "a")], baseline: [kernel(100, "a")] };
    expect(judged({ ...moved, cell: "other" }).evidence).toHaveLength(1);
    const texts = (changes: Partial<ProfileFact>) =>
      judged(changes)
        .evidence.slice(1)
        .map((one) => JSON.stringify(one));
    expect(texts({ ...moved, baselineVersion: "1.2" })).toEqual([
      expect.stringContaining("compared with 1.2, not with"),
    ]);
    expect(texts({ ...moved, baseline: null })).toEqual([expect.stringContaining("the baseline has no profile")]);
    expect(texts({ candidate: [kernel(100, "a")], baseline: [kernel(100, "a")] })).toEqual([
      expect.stringContaining("no counter of the 1 kernels profiled differs"),
    ]);
  });

  test("profiles are no evidence against a benchmark that did not get worse", () => {
    const same = CATALOGUE.G22.cases.pass.facts.comparisons!;
    const moved = { candidate: [kernel(150, "a")], baseline: [kernel(100, "a")] };
    expect(judged(moved, [...same])).toEqual(judge("G22", { comparisons: same }));
  });
});

describe("G24", () => {
  const profile = CATALOGUE.G24.cases.pass.facts.profiles![0]!;
  const changed = { changedKernelSources: ["a.cu"] };
  const withMetrics = (before: Readonly<Record<string, number>>, after: Readonly<Record<string, number>>) => {
    const kernels = (values: Readonly<Record<string, number>>) => [
      {
        ...profile.candidate[0]!,
        metrics: new Map(Object.entries(values).map(([name, value]) => [name, { value, unit: "" }])),
      },
    ];
    return judge("G24", {
      ...changed,
      profiles: [{ ...profile, candidate: kernels(after), baseline: kernels(before) }],
    });
  };

  test.for([
    ["smsp__inst_executed.sum", 100_000, 100_500, "pass"],
    ["smsp__inst_executed.sum", 100_000, 100_501, "fail"],
    ["dram__bytes_read.sum", 1000, 1030, "pass"],
    ["dram__bytes_op_read.sum", 1000, 1031, "fail"],
    ["launch__shared_mem_per_block_static", 1024, 1025, "fail"],
    ["launch__registers_per_thread", 64, 32, "pass"],
    ["l1tex__t_sectors_pipe_lsu_mem_local_op_st.sum", 0, 4, "fail"],
    ["gpc__cycles_elapsed.max", 1000, 2000, "pass"],
  ] as const)("%s from %d to %d: %s", ([metric, before, after, outcome]) => {
    expect(withMetrics({ [metric]: before }, { [metric]: after }).outcome).toBe(outcome);
  });

  test("a profile of another commit fails; kernels that cannot be compared are no pass", () => {
    expect(judge("G24", { ...changed, profiles: [{ ...profile, commit: "b".repeat(40) }] }).outcome).toBe("fail");
    expect(
      judge("G24", {
        ...changed,
        profiles: [{ ...profile, baseline: [{ ...profile.candidate[0]!, kernel: "other()" }] }],
      }).outcome,
    ).toBe("inconclusive");
    expect(withMetrics({ launch__registers_per_thread: 3 }, {}).outcome).toBe("inconclusive");
  });

  test("unchanged kernels need no profile, changed ones do", () => {
    expect(judge("G24", { changedKernelSources: [], profiles: [] }).outcome).toBe("pass");
    expect(judge("G24", { ...changed, profiles: [] }).outcome).toBe("fail");
  });

  test("a profile of the run's own wheel needs no commit, and holds where nobody knows what changed", () => {
    const own = { ...profile, commit: null, isOfCandidate: true };
    expect(judge("G24", { profiles: [own] }).outcome).toBe("pass");
    expect(judge("G24", { profiles: [{ ...own, isOfCandidate: false }] }).outcome).toBe("inconclusive");
    expect(judge("G24", { profiles: [] })).toMatchObject({ outcome: "not-run" });
    expect(judge("G24", { absent: { profiles: "none passed" } })).toMatchObject({ outcome: "not-run" });
  });

  test("kernels whose machine code is the baseline's are named", () => {
    const same = profile.candidate.map((one) => ({ ...one, binary: { architecture: "90", sha256: "a" } }));
    const { outcome, evidence } = judge("G24", {
      ...changed,
      profiles: [{ ...profile, candidate: same, baseline: same }],
    });
    expect(outcome).toBe("pass");
    expect(JSON.stringify(evidence)).toContain("gemm(float*) (2, 25, 1)×(256, 1, 1) has an unchanged binary");
  });
});

describe("G25", () => {
  const soak = (bytes: (i: number) => number, count = 100): SoakFact => ({
    cell: "c",
    job: "soak-c",
    ranForMs: 8 * 3_600_000,
    memory: Array.from({ length: count }, (_, i) => ({ atMs: i, bytes: bytes(i) })),
  });

  test("start-up growth and a single spike are no leak, a leak is", () => {
    expect(judge("G25", { soaks: [soak((i) => (i < 8 ? i * 1e9 : 8e9))] }).outcome).toBe("pass");
    expect(judge("G25", { soaks: [soak((i) => (i === 99 ? 9e9 : 1e9))] }).outcome).toBe("pass");
    expect(judge("G25", { soaks: [soak((i) => 1e9 + i * 2e6)] }).outcome).toBe("fail");
  });

  test("a leak fails although the soak was cut short, and few readings cannot tell", () => {
    expect(judge("G25", { soaks: [{ ...soak((i) => 1e9 + i * 2e6), ranForMs: 1 }] }).outcome).toBe("fail");
    expect(judge("G25", { soaks: [soak(() => 1e9, 19)] }).outcome).toBe("inconclusive");
  });
});

describe("M01", () => {
  const by = (who: string, role: ApproverRole = "releaser", digest = CANDIDATE.digest) => ({
    ...{ who, role, digest, atMs: 1 },
  });
  const two = { required: [{ role: "releaser", count: 2 }, { who: "grace" }] };

  test("two of a role are two people, and a named person is that person", () => {
    expect(judge("M01", { approvals: [by("ada"), by("ada")] }, two).reason).toBe(
      "not approved by 1 more releaser, grace",
    );
    expect(judge("M01", { approvals: [by("ada"), by("grace")] }, two).outcome).toBe("pass");
  });

  test("a role is met by it and by those above it, and by nobody where the farm has no such role", () => {
    const met = (required: object, ...approvals: ReturnType<typeof by>[]) =>
      judge("M01", { approvals }, { required: [required] }).outcome;
    expect(met({ role: "releaser", count: 2 }, by("ada"), by("grace", "operator"))).toBe("pass");
    expect(met({ role: "operator", count: 1 }, by("ada", "releaser"))).toBe("inconclusive");
    expect(met({ role: "operator", count: 1 }, by("ada", "operator"))).toBe("pass");
    expect(met({ role: "maintainer", count: 1 }, by("ada", "operator"))).toBe("inconclusive");
  });

  test("approvals of other bytes are void and named", () => {
    const found = judge("M01", { approvals: [by("ada"), by("grace", "releaser", "e".repeat(64))] }, two);
    expect(found).toMatchObject({
      outcome: "fail",
      reason: expect.stringContaining("1 approvals are of other bytes and are void") as string,
    });
  });
});
