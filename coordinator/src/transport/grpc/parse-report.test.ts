import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { results } from "@kiln/proto";
import { expect, test } from "vitest";
import { BadMessageError } from "./bad-message.ts";
import { parseMeasureReport } from "./parse-measure-report.ts";
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

test("a profile keeps the machine code of its kernels, each with a hash; measurements of before have none", () => {
  const parse = (process: MessageInitShape<typeof results.MeasuredProcessSchema>) =>
    parseMeasureReport(create(results.MeasureReportSchema, { processes: [{ arm: results.Arm.CANDIDATE, ...process }] }))
      .processes[0];
  const kernel = { launches: [0, 2], architecture: "90a", sha256: "a".repeat(64), file: "demo/_C.so" };
  expect(parse({ kernels: [kernel], kernelsUnknown: "1 of 2" })).toMatchObject({
    kernels: [kernel],
    kernelsUnknown: "1 of 2",
  });
  expect(parse({})).not.toHaveProperty("kernels");
  expect(() => parse({ kernels: [{ ...kernel, sha256: "" }] })).toThrow(BadMessageError);
});

test("a measurement's report says which file its baseline was, and one without a digest is refused", () => {
  const parse = (report: MessageInitShape<typeof results.MeasureReportSchema>) =>
    parseMeasureReport(create(results.MeasureReportSchema, report));
  const file = { filename: "demo-1.0-py3-none-any.whl", sha256: "5".repeat(64) };
  expect(parse({ baseline: "1.0", baselineFile: file })).toMatchObject({
    baselineFile: { ...file, run: null, commit: null },
  });
  expect(() => parse({ baseline: "1.0", baselineFile: { ...file, sha256: "5" } })).toThrow(BadMessageError);
  // Of an agent of before.
  expect(Object.keys(parse({ baseline: "1.0" }))).toEqual(["kind", "baseline", "processes"]);
});
