import type { GateView, VerdictView } from "@kiln/proto";
import { count } from "../count.ts";
import { line, span, type Line, type Tone } from "../line.ts";
import { renderNext } from "../next-commands.ts";
import { oneLine } from "../plain-text.ts";
import { candidateTitle, countsText, verdictSpan } from "../run-header.ts";
import type { Symbols } from "../symbols.ts";
import { renderTable } from "../table.ts";
import { wrapText } from "../width.ts";
import { decidedBy } from "./decided-by.ts";
import { baselinesText, comparisonRows } from "./comparison-rows.ts";
import { evidenceText } from "./evidence-text.ts";
import { falsePositiveTexts } from "./false-positives.ts";
import { adviceFor } from "./gate-advice.ts";
import { isOpen, orderGates } from "./order-gates.ts";

/** Of a gate that is shut; `--all` shows what is stored. */
const EVIDENCE_SHOWN = 8;
const COMPARISONS_SHOWN = 40;

interface ReportOptions {
  readonly width: number;
  readonly symbols: Symbols;
  /** Evidence of every gate, all of it. */
  readonly all?: boolean;
}

/** May this candidate be released, by which gates, on what evidence, and what to do next. */
export function renderVerdictReport(view: VerdictView, options: ReportOptions): readonly Line[] {
  const { all = false } = options;
  const detailed = orderGates(view).filter((gate) => all || !isOpen(gate));
  const parts: readonly (readonly Line[])[] = [
    header(view, options),
    renderGates(view, options),
    ...detailed.map((gate) => renderEvidence(gate, options)),
    renderComparisons(view, options),
    decisions(view, options),
    renderNext(adviceFor(view)),
  ];
  return parts.filter((part) => part.length > 0).flatMap((part, index) => (index === 0 ? part : [[], ...part]));
}

/** The gates as a table: the one that decided first. */
export function renderGates(view: VerdictView, { width, symbols }: ReportOptions): readonly Line[] {
  const rows = orderGates(view).map((gate) => [
    outcomeLine(gate, symbols),
    line(span(gate.id, "dim")),
    line(span(gate.name, "bold")),
    line(oneLine(gate.reason)),
  ]);
  const columns = [{ title: "gate" }, { title: "" }, { title: "" }, { title: "because", shrinks: true, minWidth: 12 }];
  return renderTable({ columns, rows }, width, symbols.ellipsis);
}

function outcomeLine({ outcome }: GateView, symbols: Symbols): Line {
  const [mark, tone]: readonly [string, Tone] =
    outcome === "pass"
      ? [symbols.good, "good"]
      : outcome === "fail"
        ? [symbols.bad, "bad"]
        : outcome === "waived"
          ? [symbols.good, "accent"]
          : outcome === "not-run"
            ? [symbols.notRun, "warn"]
            : [symbols.warn, "warn"];
  return line(span(`${mark} ${outcome}`, tone));
}

function header(view: VerdictView, { width, symbols }: ReportOptions): readonly Line[] {
  const { candidate, cells, counts, run, reason, files, filesOmitted } = view;
  const title = candidateTitle({ ...candidate, requiresPython: null, factsFrom: "", origin: "" });
  const left = [
    ...(cells.excluded > 0 ? [`${cells.excluded} excluded`] : []),
    ...(cells.reduced > 0 ? [`${cells.reduced} left out by the reduction`] : []),
  ];
  const matrix = `${count(cells.planned, "cell")}${left.length === 0 ? "" : ` (${left.join(", ")})`}, ${countsText(counts)}`;
  return [
    line(span(`${run}  ${title}`, "bold"), "  ", verdictSpan(view.verdict, symbols)),
    ...wrapText(oneLine(reason), width).map((text) => line(text)),
    ...wrapText(`${matrix}; ${count(files.length + filesOmitted, "file")}`, width).map((text) => line(text)),
    candidate.digest === null
      ? line(span("no files, so nothing that could be approved", "dim"))
      : line(span("candidate ", "dim"), candidate.digest),
  ];
}

function renderEvidence(gate: GateView, { width, symbols, all = false }: ReportOptions): readonly Line[] {
  const shown = all ? gate.evidence : gate.evidence.slice(0, EVIDENCE_SHOWN);
  const more = gate.evidence.length - shown.length + gate.evidenceOmitted;
  const wrapped = (text: string, indent: string, first: string): readonly Line[] =>
    wrapText(text, Math.max(16, width - indent.length)).map((part, index) => line(index === 0 ? first : indent, part));
  return [
    line(...outcomeLine(gate, symbols), span(`  ${gate.id} ${gate.name}`, "bold")),
    ...wrapped(oneLine(gate.reason), "  ", "  "),
    ...shown.flatMap((one) => wrapped(evidenceText(one), "    ", `  ${symbols.none} `)),
    ...(more > 0 ? [line(span(`    and ${more} more`, "dim"))] : []),
  ];
}

/** The benchmarks against the baseline; none where nothing was compared. */
export function renderComparisons(view: VerdictView, { width, symbols, all = false }: ReportOptions): readonly Line[] {
  const rows = comparisonRows(view);
  if (rows.length === 0) return [];
  const shown = all ? rows : rows.slice(0, COMPARISONS_SHOWN);
  const more = rows.length - shown.length + view.comparisonsOmitted;
  const baselines = [...new Set(view.comparisons.flatMap(({ baseline }) => baseline ?? []))];
  const tone = (outcome: string): Tone =>
    outcome.startsWith("regressed") ? "bad" : /^(?:unchanged|improved)/.test(outcome) ? "good" : "warn";
  const table = {
    columns: [
      { title: "benchmark", shrinks: true, minWidth: 14 },
      { title: "cell", shrinks: true, optional: true },
      { title: baselines.length === 1 ? (baselines[0] ?? "old") : "old", align: "right" as const },
      { title: "new", align: "right" as const },
      { title: "change", shrinks: true, minWidth: 8 },
      { title: "", shrinks: true, minWidth: 9 },
    ],
    rows: shown.map((row) => [
      line(oneLine(row.metric)),
      line(span(row.cell, "dim")),
      line(row.old),
      line(row.new),
      line(row.change),
      line(span(oneLine(row.outcome), tone(row.outcome))),
    ]),
  };
  const beside = baselinesText(view);
  const said = [...(beside === null ? [] : [beside]), ...falsePositiveTexts(view)];
  const tail = [
    ...(more > 0 ? [line(span(`and ${more} more`, "dim"))] : []),
    ...said.flatMap((text) => wrapText(oneLine(text), width)).map((part) => line(span(part, "dim"))),
  ];
  return [...renderTable(table, width, symbols.ellipsis), ...tail];
}

function decisions({ approvals, waivers, candidate, asOfMs }: VerdictView, { width }: ReportOptions): readonly Line[] {
  const texts = [
    ...approvals.map((one) => {
      const own = one.digest === candidate.digest ? "" : `, of other bytes (${one.digest.slice(0, 12)})`;
      return `approved by ${decidedBy(one)}${own}`;
    }),
    ...waivers.map((one) => {
      const { gate, why, digest, expiresAtMs } = one;
      const dead = digest !== candidate.digest ? ", of other bytes" : expiresAtMs <= asOfMs ? ", expired" : "";
      return `${gate} waived by ${decidedBy(one)} until ${new Date(expiresAtMs).toISOString().slice(0, 10)}${dead}: ${why}`;
    }),
  ];
  return texts.flatMap((text) =>
    wrapText(oneLine(text), width - 2).map((part, index) => line(index === 0 ? "" : "  ", span(part, "dim"))),
  );
}
