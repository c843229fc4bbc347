import type { AxisAttribution } from "@kiln/gate";
import { count } from "../render/count.ts";
import { line, span, type Line, type Tone } from "../render/line.ts";
import { oneLine } from "../render/plain-text.ts";
import type { Symbols } from "../render/symbols.ts";
import { renderTable } from "../render/table.ts";
import { changeText } from "../render/verdict/value-text.ts";
import { wrapText } from "../render/width.ts";
import type { SearchEnd, SearchStep } from "./search-commits.ts";

const TONES: Readonly<Record<SearchStep["says"], Tone>> = {
  slow: "bad",
  fast: "good",
  undecided: "warn",
  "passed over": "warn",
};

/** The steps of a search, in their order. */
export function renderSteps(
  steps: readonly SearchStep[],
  { width, symbols }: { readonly width: number; readonly symbols: Symbols },
): readonly Line[] {
  if (steps.length === 0) return [];
  const columns = [
    { title: "commit" },
    { title: "subject", shrinks: true, minWidth: 12 },
    { title: "run" },
    { title: "worse by", align: "right" as const },
    { title: "pairs", align: "right" as const },
    { title: "", shrinks: true, minWidth: 12 },
  ];
  const rows = steps.map(({ commit, run, worse, pairs, says, reason }) => [
    line(span(commit.hash.slice(0, 10), "dim")),
    line(oneLine(commit.subject)),
    line(run ?? ""),
    line(worse === null ? "" : changeText(worse)),
    line(pairs === 0 ? "" : String(pairs)),
    line(span(reason === "" ? says : `${says}: ${oneLine(reason)}`, TONES[says])),
  ]);
  return renderTable({ columns, rows }, width, symbols.ellipsis);
}

/** The commit, or those that cannot be told apart, in words. */
export function foundText({ among, looks }: Pick<SearchEnd, "among" | "looks">, confidence: number): readonly string[] {
  const [first] = among;
  if (!first) throw new Error("a search ends among one commit or more");
  const by = `${count(looks, "measurement")}; with a probability of ${percent(confidence)} no decision on the way is wrong`;
  if (among.length === 1) return [first.hash, oneLine(first.subject), `is the first slow commit (${by}).`];
  return [
    `The first slow commit is one of these ${among.length} (${by}):`,
    ...among.map(({ hash, subject }) => `${hash.slice(0, 10)}  ${oneLine(subject)}`),
  ];
}

function percent(share: number): string {
  return `${Number((100 * share).toPrecision(4))} %`;
}

/** Where in the matrix a slowdown lies, in sentences. */
export function attributionText(
  axes: readonly AxisAttribution[],
  told: { readonly slow: number; readonly fast: number; readonly unknown: number },
): readonly string[] {
  const unknown = told.unknown === 0 ? "" : ` ${count(told.unknown, "cell")} could not be told.`;
  if (told.slow + told.fast <= 1) return [`It was measured in one cell only: the matrix says nothing of it.${unknown}`];
  if (told.fast === 0) return [`It is slower in all ${told.slow} cells: no axis makes the difference.${unknown}`];
  const explaining = axes.filter(({ explains }) => explains);
  const said = explaining.map(({ axis, slow, fast, switches }) => {
    const alone = switches.length > 0 ? "" : " (other axes changed with it, so that it may be one of those)";
    return `It is slower with ${axis} ${slow.join(", ")}, and not with ${fast.join(", ")}${alone}.`;
  });
  const together = axes.filter(({ switches }) => switches.length > 0).map(({ axis }) => axis);
  if (said.length > 0) return [...said, ...(unknown === "" ? [] : [unknown.trim()])];
  const where = `It is slower in ${told.slow} of ${told.slow + told.fast} cells, and no axis tells them apart by itself`;
  return [`${where}${together.length === 0 ? "" : `; ${together.join(", ")} have a part in it`}.${unknown}`];
}

export function renderText(texts: readonly string[], width: number): readonly Line[] {
  return texts.flatMap((text) => wrapText(text, width).map((part) => line(part)));
}
