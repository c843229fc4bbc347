import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { describeProblem } from "../text/refusal.ts";
import { mutated } from "../text/testing.ts";
import { readSarif } from "./sarif.ts";

const result = (change: object = {}) => ({
  ruleId: "CVE-2026-1",
  message: { text: "overflow in inflate" },
  locations: [{ physicalLocation: { artifactLocation: { uri: "demo.libs/libz.so.1" } } }],
  ...change,
});
const sarif = (results: unknown, run: object = {}) =>
  JSON.stringify({
    version: "2.1.0",
    runs: [
      {
        tool: {
          driver: { name: "scanner", rules: [{ id: "CVE-2026-1", properties: { "security-severity": "9.8" } }] },
        },
        results,
        ...run,
      },
    ],
  });
const read = (text: string) => readSarif({ file: "scan.sarif", text });
const problem = (text: string): string => {
  const scan = read(text);
  return scan.ok ? "it was read" : describeProblem(scan.problem);
};

describe("SARIF", () => {
  test("a finding has its rule's severity, its place and its text", () => {
    expect(read(sarif([result()]))).toEqual({
      ok: true,
      tool: "scanner",
      findings: [{ id: "CVE-2026-1", severity: "critical", where: "demo.libs/libz.so.1", text: "overflow in inflate" }],
    });
  });

  test.for([
    ["9.0", "critical"],
    ["8.9", "high"],
    ["4.0", "medium"],
    ["3.9", "low"],
    ["0.0", "low"],
  ] as const)("a score of %s is %s", ([score, severity]) => {
    expect(read(sarif([result()]).replace('"9.8"', `"${score}"`))).toMatchObject({ findings: [{ severity }] });
  });

  test("without a score the level counts, and without a level it is a warning", () => {
    const levels = [{ ruleId: "a", level: "error" }, { ruleId: "a", level: "note" }, { ruleId: "a" }].map((one) =>
      result(one),
    );
    expect(read(sarif(levels))).toMatchObject({
      findings: [{ severity: "high" }, { severity: "low" }, { severity: "medium" }],
    });
  });

  test("a scan that found nothing is a result; results that passed are no findings, suppressed ones are", () => {
    expect(read(sarif([]))).toMatchObject({ ok: true, findings: [] });
    expect(read(sarif([result({ kind: "pass" })]))).toMatchObject({ findings: [] });
    expect(read(sarif([result({ suppressions: [{ kind: "external" }] })]))).toMatchObject({
      findings: [{ id: "CVE-2026-1" }],
    });
  });

  test.for<[string, RegExp]>([
    ["", /the file: is empty/u],
    ["{}", /"version" is missing/u],
    [sarif([]).replace("2.1.0", "2.0.0"), /SARIF 2\.1\.0 is read/u],
    ['{"version": "2.1.0", "runs": []}', /runs .*is empty/u],
    [sarif(null), /"results" is null/u],
    [sarif([], { invocations: [{ executionSuccessful: false }] }), /executionSuccessful .*did not end well/u],
    [sarif([result({ ruleId: "b", level: "terrible" })]), /runs\[0\]\.results\[0\]\.level .*"terrible" is no level/u],
    [sarif([result()]).replace('"9.8"', '"high"'), /is "high", not a score/u],
    [sarif([result()]).slice(0, -9), /line 1, column \d+: .*not valid JSON/u],
  ])("%s is a problem with its place", ([text, message]) => {
    expect(problem(text)).toMatch(message);
  });

  test("1,000 damaged files never lose a finding without saying so, but for those that say that it is none", () => {
    const text = sarif([result()]);
    fc.assert(
      fc.property(mutated(text), (damaged) => {
        const scan = read(damaged);
        if (scan.ok && scan.findings.length === 0) expect(damaged).not.toContain('"ruleId":"CVE-2026-1"');
      }),
      { numRuns: 1_000, seed: 6 },
    );
  });
});
