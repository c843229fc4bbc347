import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { results } from "@kiln/proto";
import { expect, test } from "vitest";
import { BadMessageError } from "./bad-message.ts";
import { parseTestReport, parseWheelReport } from "./parse-report.ts";

const parseTests = (report: MessageInitShape<typeof results.TestReportSchema>) =>
  parseTestReport(create(results.TestReportSchema, report));

test("what a wheel does not have is null, and its lists are bounded", () => {
  const tags = Array.from({ length: 300 }, (_, index) => `t${index}`);
  const report = parseWheelReport(
    create(results.WheelReportSchema, { tags, sizeBytes: 7n, remarks: ["x".repeat(9_000)] }),
  );
  expect(report).toMatchObject({ kind: "wheel", sizeBytes: 7, policy: null, glibc: null, reproducibility: null });
  expect(report.kind === "wheel" && [report.tags.length, report.remarks[0]?.length]).toEqual([200, 4_096]);
});

test("a test report keeps its counts and its cases", () => {
  const failures = [
    { name: "t::a", outcome: results.TestCaseOutcome.ERROR, durationMs: 3, message: "m", place: "t.py:1" },
  ];
  expect(parseTests({ tests: 2, passed: 1, errors: 1, failures })).toMatchObject({
    tests: 2,
    errors: 1,
    failures: [{ name: "t::a", outcome: "error", durationMs: 3, message: "m", place: "t.py:1" }],
    coverage: null,
  });
});

test("a report whose counts do not add up, or whose outcome nobody knows, is refused", () => {
  expect(() => parseTests({ tests: 2, passed: 1 })).toThrow(BadMessageError);
  expect(() => parseTests({ failures: [{ name: "a" }] })).toThrow(BadMessageError);
});
