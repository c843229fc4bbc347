import type { CellExplanation, Plan, PlannedJob, RuleAnswer } from "@kiln/matrix";
import type { CellFact } from "../../planning/cell-facts.ts";
import { sourceText } from "../exclusions.ts";
import { valueLabel } from "../grid/axis-label.ts";
import { line, span, type Line, type Tone } from "../line.ts";
import { oneLine } from "../plain-text.ts";
import type { Symbols } from "../symbols.ts";
import { wrapText } from "../width.ts";

type Explained = Exclude<CellExplanation, { readonly kind: "not-a-cell" }>;

/** Why a cell is planned, excluded or left out, as a sentence, and then everything that is known of it. */
export function renderExplanation(
  explained: Explained,
  facts: readonly CellFact[],
  plan: Plan,
  width: number,
  symbols: Symbols,
): readonly Line[] {
  const { cell } = explained;
  const axes = Object.entries(cell.axes).map(([axis, value]) => valueLabel(axis, value));
  const lines: Line[] = [
    line(span(oneLine(cell.name), "bold")),
    ...paragraph(axes.join(", "), width, "", "dim"),
    [],
    ...sentences(explained).flatMap((text) => paragraph(text, width, "")),
  ];
  if (explained.answers.length + facts.length > 0) lines.push([], line(span("What is known of it:", "bold")));
  for (const answer of explained.answers) lines.push(...renderAnswer(answer, width, symbols));
  for (const { about, fact, source, asOf } of facts) {
    lines.push(
      ...hanging(`${about}: ${fact}`, width),
      ...paragraph(sourceText({ source, asOf }), width, "    ", "dim"),
    );
  }
  if (explained.kind === "planned") lines.push(...renderJobs(explained.jobs, plan, width));
  return lines;
}

/** The explanation in whole sentences: the rule, the fact, and its source. */
export function sentences(explained: Explained): readonly string[] {
  const { cell } = explained;
  const name = oneLine(cell.name);
  switch (explained.kind) {
    case "excluded":
      return [`${name} is excluded by the rule ${explained.cell.rule}: ${cited(explained.cell)}`];
    case "reduced": {
      const shared = explained.inCommon.map((axis) => valueLabel(axis, cell.axes[axis] ?? ""));
      const common = shared.length === 0 ? "" : `, which has ${shared.join(", ")} in common with it`;
      return [
        `${name} is possible, and left out by the reduction: ${explained.cell.coveredBy} stands for it${common}.`,
      ];
    }
    case "planned": {
      const { touchstone, unknown, overridden } = explained.cell;
      return [
        `${name} is planned${touchstone ? " as a touchstone: its jobs go first" : ""}.`,
        ...unknown.map((reason) => `Whether it is possible is not known (rule ${reason.rule}): ${cited(reason)}`),
        ...overridden.map(
          (reason) =>
            `The rule ${reason.rule} says against it: ${cited(reason)} The spec overrides this: ${ended(reason.override)}`,
        ),
      ];
    }
  }
}

/** `PyTorch 2.0.1 has no wheel for CUDA 12.1 (source: …, 2026-08-22).` */
function cited(reason: Explained["answers"][number] | Omit<Explained["answers"][number], "answer">): string {
  const source = sourceText(reason);
  const text = oneLine(reason.reason).replace(/\.$/, "");
  return `${text}${source === "" ? "" : ` (source: ${source})`}.`;
}

function ended(text: string): string {
  return /[.!?]$/.test(oneLine(text)) ? oneLine(text) : `${oneLine(text)}.`;
}

function renderAnswer(answer: RuleAnswer, width: number, symbols: Symbols): readonly Line[] {
  const [mark, tone]: readonly [string, Tone] =
    answer.answer === "possible"
      ? [symbols.good, "good"]
      : answer.answer === "impossible"
        ? [symbols.bad, "bad"]
        : [symbols.unknown, "warn"];
  const [first = "", ...rest] = wrapText(`${answer.rule}: ${oneLine(answer.reason)}`, Math.max(20, width - 4));
  return [
    line("  ", span(mark, tone), ` ${first}`),
    ...rest.map((text) => line("    ", text)),
    ...paragraph(sourceText(answer), width, "    ", "dim"),
  ];
}

function renderJobs(names: readonly string[], plan: Plan, width: number): readonly Line[] {
  const jobs = new Map(plan.jobs.map((job) => [job.name, job]));
  const lines: Line[] = [[], line(span("Its jobs:", "bold"))];
  for (const name of names) {
    const job = jobs.get(name);
    lines.push(...paragraph(`${oneLine(name)}${job === undefined ? "" : jobFacts(job)}`, width, "  "));
  }
  return lines;
}

function jobFacts(job: PlannedJob): string {
  if (job.kind !== "build") return "";
  const { kind, torch, cxx11Abi, archList, policy, index, localVersion } = job.wheel;
  const facts = [
    `${kind} wheel`,
    torch === null ? "" : `built against torch ${torch.version} (${torch.variant})`,
    cxx11Abi === null ? "" : `_GLIBCXX_USE_CXX11_ABI=${cxx11Abi}`,
    archList.length === 0 ? "" : `for ${archList.join(" ")}`,
    policy ?? "",
    index === null ? "" : `index ${index}`,
    localVersion === null ? "" : `local version +${localVersion}`,
  ];
  return `: ${facts.filter((fact) => fact !== "").join(", ")}`;
}

function hanging(text: string, width: number): readonly Line[] {
  return wrapText(oneLine(text), Math.max(20, width - 4)).map((part, index) =>
    line(index === 0 ? "  - " : "    ", part),
  );
}

function paragraph(text: string, width: number, indent: string, tone: Tone = "plain"): readonly Line[] {
  return wrapText(oneLine(text), Math.max(20, width - indent.length)).map((part) => line(indent, span(part, tone)));
}
