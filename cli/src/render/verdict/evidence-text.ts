import type { EvidenceView } from "@kiln/proto";
import { oneLine } from "../plain-text.ts";
import { valueText } from "./value-text.ts";

const DIGEST_SHOWN = 12;

/** A piece of evidence on one line: where it is, and what it says. */
export function evidenceText(evidence: EvidenceView): string {
  return oneLine(textOf(evidence));
}

function textOf(evidence: EvidenceView): string {
  switch (evidence.kind) {
    case "job":
      return `job ${evidence.job} (${evidence.outcome})${evidence.summary === "" ? "" : `: ${evidence.summary}`}`;
    case "file":
      return `${evidence.file}${evidence.line === null ? "" : `:${evidence.line}`}: ${evidence.text}`;
    case "artifact":
      return `${evidence.text}${evidence.sha256 === "" ? "" : ` (sha256 ${evidence.sha256.slice(0, DIGEST_SHOWN)})`}`;
    case "measured":
      return `${evidence.text} (${valueText(evidence.value, evidence.unit)}, ${limitText(evidence)})`;
    case "statement":
      return evidence.text;
  }
}

/** `was 57` is no limit: it is the baseline's value, in the same unit. */
function limitText({ limit, unit }: { readonly limit: string; readonly unit: string }): string {
  const before = Number(/^was (?<value>\S+)$/.exec(limit)?.groups?.["value"] ?? NaN);
  return Number.isFinite(before) ? `was ${valueText(before, unit)}` : `limit ${limit}`;
}
