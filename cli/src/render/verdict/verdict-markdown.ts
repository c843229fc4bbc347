import type { VerdictView } from "@kiln/proto";
import { markdownTable, markdownText } from "../markdown-text.ts";
import { decidedBy } from "./decided-by.ts";
import { baselinesText, comparisonRows } from "./comparison-rows.ts";
import { falsePositiveTexts } from "./false-positives.ts";
import { evidenceText } from "./evidence-text.ts";
import { isOpen, orderGates } from "./order-gates.ts";

const EVIDENCE_SHOWN = 20;

/** A verdict as release notes have it: the matrix, the gates, the benchmarks against the last release, the files. */
export function verdictMarkdown(view: VerdictView): string {
  const { candidate, verdict, reason, run } = view;
  const title = `${candidate.name}${candidate.version === null ? "" : ` ${candidate.version}`}`;
  const parts = [
    `## ${markdownText(title)}`,
    `**${verdict === "pass" ? "Pass" : verdict === "fail" ? "Fail" : "Inconclusive"}** in run ${run}: ${markdownText(reason)}`,
    matrix(view),
    gates(view),
    benchmarks(view),
    findings(view),
    decisions(view),
    files(view),
  ];
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}

function matrix({ cells, counts }: VerdictView): string {
  const row = [cells.planned, cells.excluded, cells.reduced, counts.passed, counts.failed, counts.notRun];
  const head = ["cells tested", "excluded", "stood for by others", "jobs passed", "failed", "not run"];
  return ["### Matrix", markdownTable(head, [row.map(String)])].join("\n\n");
}

function gates(view: VerdictView): string {
  const rows = orderGates(view).map(({ id, name, outcome, reason }) => [`${id} ${name}`, outcome, reason]);
  return rows.length === 0 ? "" : ["### Gates", markdownTable(["gate", "outcome", "because"], rows)].join("\n\n");
}

function benchmarks(view: VerdictView): string {
  const rows = comparisonRows(view);
  if (rows.length === 0) return "";
  const baselines = [...new Set(view.comparisons.flatMap(({ baseline }) => baseline ?? []))];
  const old = baselines.length === 1 ? (baselines[0] ?? "old") : "old";
  const head = ["metric", "cell", old, view.candidate.version ?? "new", "change (interval)", "finding"];
  const table = markdownTable(
    head,
    rows.map((row) => [row.metric, row.cell, row.old, row.new, row.change, row.outcome]),
  );
  const more = view.comparisonsOmitted > 0 ? [`and ${view.comparisonsOmitted} more`] : [];
  const beside = baselinesText(view);
  const said = [...(beside === null ? [] : [beside]), ...falsePositiveTexts(view)].map(markdownText);
  return ["### Benchmarks", table, ...more, ...said].join("\n\n");
}

function findings(view: VerdictView): string {
  const shut = orderGates(view).filter((gate) => !isOpen(gate) && gate.evidence.length > 0);
  return shut
    .map(({ id, name, evidence, evidenceOmitted }) => {
      const more = evidence.length - EVIDENCE_SHOWN + evidenceOmitted;
      const lines = evidence.slice(0, EVIDENCE_SHOWN).map((one) => `- ${markdownText(evidenceText(one))}`);
      return [`### ${id} ${name}`, [...lines, ...(more > 0 ? [`- and ${more} more`] : [])].join("\n")].join("\n\n");
    })
    .join("\n\n");
}

function decisions({ approvals, waivers, candidate, asOfMs }: VerdictView): string {
  const lines = [
    ...approvals.filter(({ digest }) => digest === candidate.digest).map((one) => `approved by ${decidedBy(one)}`),
    ...waivers
      .filter(({ digest, expiresAtMs }) => digest === candidate.digest && expiresAtMs > asOfMs)
      .map((one) => `${one.gate} waived by ${decidedBy(one)} until ${dayOf(one.expiresAtMs)}: ${one.why}`),
  ];
  return lines.length === 0
    ? ""
    : ["### Decisions", lines.map((text) => `- ${markdownText(text)}`).join("\n")].join("\n\n");
}

function files(view: VerdictView): string {
  if (view.files.length === 0) return "";
  const unique = [...new Map(view.files.map((one) => [`${one.file} ${one.sha256}`, one])).values()];
  const rows = unique.map(({ file, sha256 }) => [file, sha256]);
  const more = view.filesOmitted > 0 ? [`and ${view.filesOmitted} more`] : [];
  const digest = view.candidate.digest === null ? [] : [`Candidate: ${view.candidate.digest}`];
  return ["### Files", markdownTable(["file", "SHA-256"], rows), ...more, ...digest].join("\n\n");
}

function dayOf(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 10);
}
