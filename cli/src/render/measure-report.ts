import { baselineOrigin } from "@kiln/gate";
import type { MeasuredProcess, MeasureReport } from "@kiln/proto";
import { count } from "./count.ts";
import { line, span, type Line } from "./line.ts";
import { oneLine } from "./plain-text.ts";
import type { Symbols } from "./symbols.ts";
import { wrapText } from "./width.ts";

/** What was measured: how many pairs beside what, on which GPU, and what disturbed them. */
export function renderMeasureReport(report: MeasureReport, width: number, symbols: Symbols): readonly Line[] {
  const { baseline, baselineFile, noBaseline, processes } = report;
  const measured = processes.filter(({ pair }) => pair > 0);
  const pairs = new Set(measured.map(({ pair }) => pair)).size;
  const why = noBaseline ? ` (the package index: ${oneLine(noBaseline.reason)})` : "";
  const from = baselineFile ? ` (${oneLine(baselineFile.filename)}, ${oneLine(baselineOrigin(baselineFile))})` : "";
  const beside = baseline === null ? `without a baseline${why}` : `beside ${oneLine(baseline)}${from}`;
  const gpu = measured.find(({ stamp }) => stamp.gpu !== null)?.stamp.gpu;
  const on = gpu ? `, on ${oneLine(gpu.uuid)} (driver ${oneLine(gpu.driver)})` : "";
  const texts = [
    `measured ${count(pairs, baseline === null ? "time" : "pair")} ${beside}${on}`,
    ...machineCode(report),
  ];
  const lines = texts.flatMap((text) => wrapText(text, width).map((part) => line(part)));
  const disturbed = measured.filter((process) => process.disturbed !== "");
  if (disturbed.length === 0) return lines;
  const again = `${symbols.warn} ${count(disturbed.length, "process", "processes")} measured again: ${reasons(disturbed)}`;
  return [...lines, ...wrapText(again, width).map((part) => line(span(part, "warn")))];
}

/** Of a profile: whether the kernels are the baseline's, byte by byte. */
function machineCode({ baseline, processes }: MeasureReport): readonly string[] {
  const of = (arm: MeasuredProcess["arm"]) => processes.filter((one) => one.arm === arm);
  const kernels = of("candidate").flatMap((one) => one.kernels ?? []);
  const before = new Set(of("baseline").flatMap((one) => (one.kernels ?? []).map(({ sha256 }) => sha256)));
  const same = kernels.filter(({ sha256 }) => before.has(sha256)).length;
  const unknown = of("candidate").flatMap((one) => one.kernelsUnknown ?? []);
  return [
    ...(kernels.length > 0 && baseline !== null
      ? [`machine code of ${count(kernels.length, "kernel")}: ${same} as in ${oneLine(baseline)}`]
      : []),
    ...unknown.map(oneLine),
  ];
}

function reasons(disturbed: readonly MeasuredProcess[]): string {
  return [...new Set(disturbed.map((process) => oneLine(process.disturbed)))].slice(0, 3).join("; ");
}
