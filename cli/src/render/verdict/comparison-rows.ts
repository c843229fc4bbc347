import { baselineOrigin } from "@kiln/gate";
import type { VerdictView } from "@kiln/proto";
import { changeText, valueText } from "./value-text.ts";

/** A benchmark as the tables of the terminal and of release notes have it. */
export interface ComparisonRow {
  readonly metric: string;
  readonly cell: string;
  readonly old: string;
  readonly new: string;
  /** With its interval: `+4.8 % (+2.1 % … +7.6 %)`; empty where there is no estimate. */
  readonly change: string;
  readonly outcome: string;
}

/** What got worse first. */
const ORDER = ["regressed", "needs-confirmation", "cannot-tell", "invalid", "no-baseline", "improved", "unchanged"];

const BASELINES_SHOWN = 4;

export function comparisonRows({ comparisons }: Pick<VerdictView, "comparisons">): readonly ComparisonRow[] {
  return comparisons
    .toSorted((a, b) => ORDER.indexOf(a.outcome) - ORDER.indexOf(b.outcome))
    .map(({ benchmark, cell, unit, effect, outcome, reason }) => {
      const ratio = effect?.ratio;
      return {
        metric: benchmark,
        cell,
        old: effect ? valueText(effect.baseline, unit) : "",
        new: effect ? valueText(effect.candidate, unit) : "",
        change: ratio ? `${changeText(ratio.estimate)} (${changeText(ratio.low)} … ${changeText(ratio.high)})` : "",
        outcome: reason === "" ? outcome : `${outcome}: ${reason}`,
      };
    });
}

/** What the benchmarks were compared with, each wheel once: `1.4.2 (package index, demo-1.4.2-py3-none-any.whl)`; null where that is not known. */
export function baselinesText({ comparisons }: Pick<VerdictView, "comparisons">): string | null {
  const texts = comparisons.flatMap(({ baseline, baselineFile }) =>
    baseline === null || !baselineFile
      ? []
      : [`${baseline} (${baselineOrigin(baselineFile)}, ${baselineFile.filename})`],
  );
  const each = [...new Set(texts)];
  if (each.length === 0) return null;
  const more = each.length - BASELINES_SHOWN;
  return `Compared with ${each.slice(0, BASELINES_SHOWN).join(", ")}${more > 0 ? ` and ${more} more` : ""}.`;
}
