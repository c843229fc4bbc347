import { readSarif } from "@kiln/gate";
import { describe, expect, test } from "vitest";
import { DIGEST, sampleVerdict } from "../../testing/sample-verdict.ts";
import { T0 } from "../../testing/views.ts";
import { lineWidth, toText } from "../line.ts";
import { ASCII_SYMBOLS, UNICODE_SYMBOLS } from "../symbols.ts";
import { changeText, valueText } from "./value-text.ts";
import { verdictJunit } from "./verdict-junit.ts";
import { verdictMarkdown } from "./verdict-markdown.ts";
import { renderVerdictReport } from "./verdict-report.ts";
import { verdictSarif } from "./verdict-sarif.ts";

const report = (width: number, colour = false, view = sampleVerdict()) =>
  renderVerdictReport(view, { width, symbols: UNICODE_SYMBOLS }).map((one) => toText(one, colour));

describe("a verdict in the terminal", () => {
  test("begins with the verdict, then the gate that decided, then what else is shut", () => {
    const lines = report(200);
    expect(lines[0]).toBe("r3  demo 1.4.0  ✗ FAIL");
    expect(lines[1]).toBe("1 of 4 jobs failed: test-cp312-linux-x86_64 (tests-failed)");
    const rows = lines
      .filter((text) => / [GM]\d\d {2}\S+ {2,}/.test(text))
      .map((text) => / ([GM]\d\d) /.exec(text)?.[1]);
    expect(rows).toEqual(["G13", "G05", "G22", "G16", "G20", "G11", "G10"]);
  });

  test("says where each piece of evidence is: job, file and line, digest, value and limit", () => {
    const text = report(200).join("\n");
    expect(text).toContain('– job test-cp312-linux-x86_64 (tests-failed): 2 tests failed <x> & "y"');
    expect(text).toContain("– CHANGELOG.md:12: the section of 1.4.0 has no date");
    expect(text).toContain("– 75.0 % of the lines are covered (0.75, limit ≥ 0.8)");
    expect(text).not.toContain("libfoo");
    const all = renderVerdictReport(sampleVerdict(), { width: 200, symbols: UNICODE_SYMBOLS, all: true });
    expect(all.map((one) => toText(one, false)).join("\n")).toMatch(/libfoo.*\(sha256 111111111111\)/);
  });

  test("shows what counters of a profile were, in the terminal and in release notes", () => {
    const evidence = {
      ...{ kind: "measured" as const, what: "dram__bytes_op_read.sum of gemm()", value: 180e6, unit: "B" },
      ...{ limit: "was 100000000", text: "dram__bytes_op_read.sum of gemm() (unchanged binary) rose by 80.0 %" },
    };
    const gates = sampleVerdict().gates.map((gate) => (gate.id === "G22" ? { ...gate, evidence: [evidence] } : gate));
    const view = sampleVerdict({ gates });
    const shown = "rose by 80.0 % (180 MB, was 100 MB)";
    expect(report(200, false, view).join("\n")).toContain(shown);
    expect(verdictMarkdown(view)).toContain(shown);
  });

  test.for([80, 200])("fits %i columns, with and without colours, and shows the same with both", (width) => {
    const view = sampleVerdict();
    const lines = renderVerdictReport(view, { width, symbols: UNICODE_SYMBOLS });
    // A command is for copying, and stays whole.
    for (const one of lines)
      expect(lineWidth(one), toText(one, false)).toBeLessThanOrEqual(
        toText(one, false).startsWith("  ./kiln") ? 120 : width,
      );
    // eslint-disable-next-line no-control-regex
    const plain = report(width, true).map((text) => text.replaceAll(/\u001b\[\d+m/gu, ""));
    expect(plain).toEqual(report(width));
    expect(report(width, true).join("")).toContain("\u001b[31m✗ FAIL");
  });

  test("names each wheel that benchmarks were compared with once, and where it is from", () => {
    const view = sampleVerdict();
    const file = (run: string | null, commit: string | null) => ({
      baselineFile: { run, commit, filename: "demo-1.3.2-py3-none-any.whl", sha256: "5".repeat(64) },
    });
    const [first, ...others] = view.comparisons;
    if (!first) throw new Error("the sample has comparisons");
    const same = others.map((one) => ({ ...one, ...file("r2", "1a2b3c4d".repeat(5)) }));
    const told = { ...view, comparisons: [{ ...first, ...file(null, null) }, ...same] };
    const says =
      "Compared with 1.3.2 (package index, demo-1.3.2-py3-none-any.whl), 1.3.2 (commit 1a2b3c4d1a2b in r2, demo-1.3.2-py3-none-any.whl).";
    expect(report(200, false, told)).toContain(says);
    expect(verdictMarkdown(told)).toContain("commit 1a2b3c4d1a2b in r2");
    expect(report(200).join()).not.toContain("Compared with");
  });

  test("says beside the benchmarks how often the gate is wrong on those machines, or that nobody knows", () => {
    const text = report(200).join("\n");
    const known =
      "False alarms on NVIDIA H200: of 40 benchmarks against themselves the gate stopped 1, 2.5 % (95 % interval 0.1 % … 13.2 %), and could not decide 2.";
    expect(text).toContain(known);
    expect(text).toContain("False alarms on Xeon, 8 cores: not known");
    expect(verdictMarkdown(sampleVerdict())).toContain(known);
  });

  test("has the benchmarks with old, new and the interval of the change, the worst first", () => {
    const lines = report(200);
    const at = lines.findIndex((text) => text.startsWith("benchmark"));
    expect(lines[at]).toMatch(/benchmark +cell +1\.3\.2 +new +change/);
    expect(lines[at + 1]).toMatch(
      /train:peak-memory +\S+ +6 GB +6\.6 GB +\+10\.0 % \(\+8\.0 % … unbounded\) +regressed/,
    );
    expect(lines[at + 2]).toMatch(/io:rate .*cannot-tell: too few clean pairs/);
    expect(lines[at + 3]).toMatch(/fib:time +\S+ +1\.23 ms +1\.24 ms +\+0\.8 % \(−1\.0 % … \+3\.0 %\) +unchanged/);
  });

  test("says what to do next, by the gates that are shut", () => {
    expect(report(120).join("\n")).toContain("./kiln logs r3 test-cp312-linux-x86_64");
    expect(report(120).join("\n")).toContain("./kiln waive r3 G13 --reason WHY --expires DAY");
    const { gates } = sampleVerdict();
    const open = sampleVerdict({
      verdict: "pass",
      decidedBy: "G10",
      gates: gates.filter(({ outcome }) => outcome === "pass"),
    });
    expect(report(120, false, open).join("\n")).toContain("./kiln verdict r3 --markdown");
    const approval = {
      ...open,
      gates: [{ ...open.gates[0]!, id: "M01", name: "approval", outcome: "inconclusive" as const }],
    };
    expect(report(120, false, approval).join("\n")).toContain("./kiln approve r3");
  });

  test("tells waivers and approvals that do not hold", () => {
    const other = "d".repeat(64);
    const text = report(
      160,
      false,
      sampleVerdict({
        approvals: [{ who: "token:ci", role: "releaser", onBehalfOf: "eve", digest: other, atMs: T0 }],
        waivers: [
          { gate: "G11", who: "eve", role: null, onBehalfOf: "", why: "a", digest: DIGEST, expiresAtMs: T0 },
          {
            gate: "G16",
            who: "owner",
            role: "operator",
            onBehalfOf: "",
            why: "b",
            digest: other,
            expiresAtMs: T0 + 86_400_000,
          },
        ],
      }),
    ).join("\n");
    expect(text).toContain("approved by token:ci (releaser), on behalf of eve, of other bytes");
    expect(text).toContain("G11 waived by eve until 2026-01-01, expired: a");
    expect(text).toContain("G16 waived by owner (operator) until 2026-01-02, of other bytes: b");
  });

  test("needs nothing but ASCII of its own where the terminal has nothing else", () => {
    const lines = renderVerdictReport(sampleVerdict({ comparisons: [], gates: [] }), {
      width: 80,
      symbols: ASCII_SYMBOLS,
    });
    expect(lines.map((one) => toText(one, false)).join("")).toMatch(/^[\x20-\x7e]*$/);
  });
});

test("release notes have matrix, gates, the benchmark table and the files, with nothing that Markdown would act on", () => {
  const text = verdictMarkdown(sampleVerdict());
  expect(text).toContain("| cells tested | excluded | stood for by others | jobs passed | failed | not run |");
  expect(text).toContain("| 2 | 1 | 3 | 3 | 1 | 0 |");
  expect(text).toContain("| metric | cell | 1.3.2 | 1.4.0 | change (interval) | finding |");
  expect(text).toContain(
    "| fib:time | cp312-linux-x86\\_64 | 1.23 ms | 1.24 ms | +0.8 % (−1.0 % … +3.0 %) | unchanged |",
  );
  expect(text).toContain("| G13 matrix-completeness | fail |");
  expect(text).toContain("2 tests failed \\<x\\>");
  expect(text).toContain(`Candidate: ${DIGEST}`);
  expect(text).not.toContain("\u001b");
});

test("a JUnit file has a case for each gate, and counts none that is shut as passed", () => {
  const text = verdictJunit(sampleVerdict());
  expect(text).toContain('tests="7" failures="2" errors="3" skipped="1"');
  expect(text.match(/<testcase /g)).toHaveLength(7);
  expect(text).toContain('<testcase classname="kiln.gates" name="G10 artifact-contents" time="0"/>');
  expect(text).toContain('<error message="no coverage was reported" type="inconclusive">');
  expect(text).toContain("2 tests failed &lt;x&gt; &amp; &quot;y&quot;");
  // eslint-disable-next-line no-control-regex
  expect(text).not.toMatch(/[\u0000-\u0008\u001b]/);
});

describe("SARIF of a verdict", () => {
  interface Result {
    readonly ruleId: string;
    readonly kind: string;
    readonly level: string;
    readonly suppressions?: readonly object[];
    readonly locations?: readonly object[];
  }
  const log = JSON.parse(verdictSarif(sampleVerdict(), "1.0.0")) as {
    readonly runs: readonly { readonly results: readonly Result[] }[];
  };
  const of = (id: string) => log.runs[0]?.results.find(({ ruleId }) => ruleId === id);

  test("is read by our own reader, to the gates that are shut or waived", () => {
    const read = readSarif({ file: "gates.sarif", text: verdictSarif(sampleVerdict(), "1.0.0") });
    if (!read.ok) throw new Error(JSON.stringify(read.problem));
    expect(read.tool).toBe("Kiln");
    expect(read.findings.map(({ id, severity }) => `${id} ${severity}`)).toContain("G13 high");
  });

  test("has the level none for what is no failure, a place where there is one, and waivers as suppressions", () => {
    expect(of("G10")).toMatchObject({ kind: "pass", level: "none" });
    expect(of("G16")).toMatchObject({ kind: "open", level: "none" });
    expect(of("G11")).toMatchObject({
      kind: "fail",
      level: "note",
      suppressions: [{ kind: "external" }],
    });
    expect(of("G05")?.locations).toEqual([
      {
        physicalLocation: {
          artifactLocation: { uri: "CHANGELOG.md", uriBaseId: "%SRCROOT%" },
          region: { startLine: 12 },
        },
      },
    ]);
  });
});

test("values are told in units that people use", () => {
  const told = [
    [0, "s"],
    [1.5e-7, "s"],
    [0.25, "s"],
    [90, "s"],
    [123_456, "B"],
    [2.5e9, "B/s"],
    [1234, "1/s"],
    [0.75, ""],
    [-0.002, "s"],
  ] as const;
  expect(told.map(([value, unit]) => valueText(value, unit))).toEqual([
    "0 ns",
    "150 ns",
    "250 ms",
    "90 s",
    "123 kB",
    "2.5 GB/s",
    "1.23 k/s",
    "0.75",
    "-2 ms",
  ]);
  expect([1, 1.05, 0.951, null].map(changeText)).toEqual(["+0.0 %", "+5.0 %", "−4.9 %", "unbounded"]);
});
