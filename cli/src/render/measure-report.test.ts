import type { MeasureReport } from "@kiln/proto";
import { expect, test } from "vitest";
import { screenText } from "../testing/screen-text.ts";
import { renderMeasureReport } from "./measure-report.ts";
import { UNICODE_SYMBOLS } from "./symbols.ts";

const stamp = { gpu: null, foreignCpu: 0 };
const process = { pair: 1, exitCode: 0, durationMs: 5, stamp, files: [], disturbed: "" };
const of = (change: Partial<MeasureReport>): string => {
  const processes = [{ ...process, arm: "candidate" as const }];
  const report = { kind: "measure", baseline: null, processes, ...change } as const;
  return screenText(renderMeasureReport(report, 200, UNICODE_SYMBOLS), 200).trim();
};

test("what was measured says beside which file, and where that is from", () => {
  const baselineFile = { run: null, commit: null, filename: "demo-1.3-py3-none-any.whl", sha256: "5".repeat(64) };
  expect(of({ baseline: "1.3", baselineFile })).toBe(
    "measured 1 pair beside 1.3 (demo-1.3-py3-none-any.whl, package index)",
  );
  expect(of({ baseline: "1.3", baselineFile: { ...baselineFile, run: "r7" } })).toContain(", r7)");
});

test("what was measured alone says why the package index has nothing beside it", () => {
  const noBaseline = { reason: "it does not know the project", unknownProject: true };
  expect(of({ noBaseline })).toBe(
    "measured 1 time without a baseline (the package index: it does not know the project)",
  );
  expect(of({})).toBe("measured 1 time without a baseline");
});
