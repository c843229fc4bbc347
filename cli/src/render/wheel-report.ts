import type { WheelMember, WheelReport } from "@kiln/proto";
import { bytes } from "./bytes.ts";
import { field, fieldWidth, folded, listField, textField } from "./field.ts";
import { span, type Line } from "./line.ts";
import { oneLine } from "./plain-text.ts";
import type { Symbols } from "./symbols.ts";

/** Members of a wheel that are shown. */
const MEMBERS_MAX = 12;

const REPRODUCIBILITY = {
  "same-bytes": "a second build made the same bytes",
  "same-content": "a second build made the same files, in other order or with other times",
  different: "a second build made other files",
} as const satisfies Record<NonNullable<WheelReport["reproducibility"]>, string>;

/** What a build's wheel is found to be; what is not as promised comes first. */
export function renderWheelReport(report: WheelReport, width: number, symbols: Symbols): readonly Line[] {
  const text = (label: string, content: string) => textField(label, content, width, symbols);
  const list = (entries: readonly string[]): string =>
    entries.length === 0 ? "none" : entries.map((entry) => oneLine(entry)).join(", ");
  return [
    ...report.remarks.flatMap((remark) =>
      textField("remark", oneLine(remark), width, symbols).map((spans) =>
        spans.map((part) => ({ ...part, tone: "warn" as const })),
      ),
    ),
    ...text("tags", list(report.tags)),
    ...text("size", bytes(report.sizeBytes)),
    ...text("policy", policyText(report)),
    ...members("extensions", report.extensions, "none: the wheel has no machine code of its own", width, symbols),
    ...members("grafted", report.grafted, "none", width, symbols),
    ...text("external", list(report.external)),
    ...(report.foreignRpaths.length === 0
      ? []
      : text("RPATH", `leads outside the wheel: ${list(report.foreignRpaths)}`)),
    ...gpuCode(report).flatMap((code) => text("GPU code", code)),
    ...text("rebuilt", rebuiltText(report)),
  ];
}

function policyText({ policy, glibc }: WheelReport): string {
  const needs = glibc === null ? "" : `glibc ${oneLine(glibc)} or newer`;
  if (policy === null) return needs === "" ? "none" : `none; it needs ${needs}`;
  return `${oneLine(policy)}${needs === "" ? "" : ` (${needs})`}`;
}

/** Nothing where there is no GPU code: most wheels have none. */
function gpuCode({ smArchitectures, ptxArchitectures }: WheelReport): readonly string[] {
  const parts = [
    ...(smArchitectures.length === 0 ? [] : [`machine code for ${names("sm", smArchitectures)}`]),
    ...(ptxArchitectures.length === 0 ? [] : [`PTX for ${names("compute", ptxArchitectures)}`]),
  ];
  return parts.length === 0 ? [] : [parts.join("; ")];
}

function names(prefix: string, architectures: readonly string[]): string {
  return architectures.map((each) => `${prefix}_${oneLine(each)}`).join(" ");
}

function rebuiltText({ reproducibility, sourceDateEpoch }: WheelReport): string {
  const epoch = sourceDateEpoch === 0 ? "" : `; SOURCE_DATE_EPOCH ${sourceDateEpoch}`;
  return `${reproducibility === null ? "not built a second time" : REPRODUCIBILITY[reproducibility]}${epoch}`;
}

function members(
  label: string,
  list: readonly WheelMember[],
  none: string,
  width: number,
  symbols: Symbols,
): readonly Line[] {
  if (list.length === 0) return textField(label, none, width, symbols);
  const show = ({ path, sizeBytes }: WheelMember): readonly Line[] =>
    folded(span(`${bytes(sizeBytes).padStart(10)}  `, "dim"), oneLine(path), "plain", fieldWidth(width));
  return field(label, listField(list, { total: list.length, most: MEMBERS_MAX, show }), width, symbols);
}
