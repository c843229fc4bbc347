import type { Cell, CoverageReport } from "@kiln/matrix";
import { count } from "./count.ts";
import { renderReasons, whichCells, type ReasonedCell } from "./exclusions.ts";
import { axesOfCells } from "./grid/axes-of-cells.ts";
import type { CellMark, GridCell } from "./grid/grid-cell.ts";
import { renderGrid } from "./grid/render-grid.ts";
import { line, span, type Line } from "./line.ts";
import { oneLine } from "./plain-text.ts";
import type { Symbols } from "./symbols.ts";
import { wrapText } from "./width.ts";

type CellCoverage = CoverageReport["cells"][number];
type Finding = CoverageReport["findings"][number];

/** What a person has to know of a finding, the worst first. */
const KINDS: readonly (readonly [Finding["kind"], string])[] = [
  ["hole", "Nothing can be installed"],
  ["wrong-cuda", "A wheel for another CUDA is taken"],
  ["wrong-torch", "A wheel for another torch is taken"],
  ["older-release", "An older release is taken"],
  ["source-only", "Only the source can be installed"],
  ["installers-differ", "pip and uv take different files"],
  ["unknown-cell", "Kiln does not know which wheels fit"],
];

/** What pip and uv would take in every cell, and what is wrong with it. */
export function renderCoverage(
  report: CoverageReport,
  cells: readonly Cell[],
  width: number,
  symbols: Symbols,
): readonly Line[] {
  const byName = new Map(cells.map((cell) => [cell.name, cell]));
  const axes = axesOfCells(cells);
  const gridCells = gridOfCoverage(report, byName, symbols);
  const parts: (readonly Line[])[] = [
    cells.length === 0
      ? [line("No cell: there is nothing that could install a wheel.")]
      : renderGrid(gridCells, { axes, width, symbols, style: "marks" }),
    renderPicks(report, byName, width, symbols),
  ];
  for (const [kind, title] of KINDS) {
    const found = report.findings.flatMap((finding) => reasoned(finding, kind, byName));
    const names = new Set(found.map(({ name }) => name));
    const others = cells.filter(({ name }) => !names.has(name));
    parts.push(renderReasons({ title, cells: found, others, axes, width, symbols }));
  }
  const files = report.findings.flatMap((finding) => (finding.kind === "unreachable-file" ? [finding.message] : []));
  const refused = report.refused.map(({ file, problem }) => `${file}: ${problem}`);
  parts.push(
    renderList("Taken by no cell", files, width),
    renderList("Not files that can be installed", refused, width),
  );
  return parts.filter((part) => part.length > 0).flatMap((part, index) => (index === 0 ? part : [[], ...part]));
}

function gridOfCoverage(
  report: CoverageReport,
  cells: ReadonlyMap<string, Cell>,
  symbols: Symbols,
): readonly GridCell[] {
  const mark = (sign: string, word: string, tone: CellMark["tone"], rank: number): CellMark => {
    return { mark: sign, word, short: word, tone, rank, counted: word };
  };
  const marks = {
    hole: mark(symbols.bad, "nothing to install", "bad", 6),
    "wrong-cuda": mark(symbols.warn, "a wheel for another CUDA or torch", "warn", 5),
    "older-release": mark(symbols.waiting, "an older release", "warn", 4),
    "source-only": mark(symbols.reduced, "source only", "warn", 3),
    "unknown-cell": mark(symbols.unknown, "not known", "warn", 2),
  };
  const good = mark(symbols.good, "a wheel", "good", 1);
  const worst = new Map<string, CellMark>();
  for (const finding of report.findings) {
    if (!("cell" in finding) || finding.kind === "installers-differ") continue;
    const found = marks[finding.kind === "wrong-torch" ? "wrong-cuda" : finding.kind];
    const before = worst.get(finding.cell);
    if (before === undefined || before.rank < found.rank) worst.set(finding.cell, found);
  }
  return report.cells.flatMap(({ cell }) => {
    const axes = cells.get(cell)?.axes;
    return axes === undefined ? [] : [{ axes, state: worst.get(cell) ?? good }];
  });
}

/** The cells that take each file. */
function renderPicks(
  report: CoverageReport,
  cells: ReadonlyMap<string, Cell>,
  width: number,
  symbols: Symbols,
): readonly Line[] {
  const all = [...cells.values()];
  const axes = axesOfCells(all);
  const groups = Map.groupBy(report.cells, (each) => JSON.stringify([fileOf(each, "pip"), fileOf(each, "uv")]));
  if (groups.size === 0) return [];
  const lines: Line[] = [line(span("What is taken:", "bold"))];
  for (const group of groups.values()) {
    const [first] = group;
    if (first === undefined) continue;
    const [pip, uv] = [fileOf(first, "pip"), fileOf(first, "uv")];
    const names = new Set(group.map(({ cell }) => cell));
    const inside = all.filter(({ name }) => names.has(name)).map(asReasoned);
    const others = all.filter(({ name }) => !names.has(name));
    const which = whichCells(inside, { others, axes, width, symbols });
    const files = pip === uv ? [pip] : [`pip: ${pip}`, `uv: ${uv}`];
    lines.push(...files.flatMap((file) => wrapped(file, "  ", width)), ...wrapped(which, "    ", width, "dim"));
  }
  return lines;
}

function fileOf({ picks }: CellCoverage, installer: "pip" | "uv"): string {
  const pick = picks[installer];
  return pick.kind === "none" ? "nothing" : pick.file;
}

function asReasoned({ name, axes }: Cell): ReasonedCell {
  return { name, axes, rule: "", reason: "", source: "", asOf: "" };
}

function reasoned(finding: Finding, kind: Finding["kind"], cells: ReadonlyMap<string, Cell>): readonly ReasonedCell[] {
  if (finding.kind !== kind || finding.kind === "unreachable-file") return [];
  const axes = cells.get(finding.cell)?.axes ?? { os: "", python: "" };
  const who = "installers" in finding ? finding.installers.join(" and ") : "pip and uv";
  return [{ name: finding.cell, axes, rule: who, reason: finding.message, source: "", asOf: "" }];
}

function renderList(title: string, texts: readonly string[], width: number): readonly Line[] {
  if (texts.length === 0) return [];
  return [
    line(span(`${title}: ${count(texts.length, "file")}`, "bold")),
    ...texts.flatMap((text) => wrapped(text, "  ", width)),
  ];
}

function wrapped(text: string, indent: string, width: number, tone: "plain" | "dim" = "plain"): readonly Line[] {
  return wrapText(oneLine(text), Math.max(20, width - indent.length)).map((part) => line(indent, span(part, tone)));
}
