import { attribute, type AxisAttribution, type CellFinding } from "@kiln/gate";
import type { RunView, VerdictView } from "@kiln/proto";
import { CliError } from "../program/cli-error.ts";
import { oneLine } from "../render/plain-text.ts";

type Comparison = VerdictView["comparisons"][number];

export interface ChosenComparison {
  readonly comparison: Comparison;
  /** The version that it was compared with. */
  readonly baseline: string;
  /** ln of how much worse; above zero. */
  readonly slowdown: number;
}

/** What a search is for: in the named cell, else in that where the benchmark got worst. Throws in words. */
export function chooseComparison(view: VerdictView, benchmark: string, cell: string | null): ChosenComparison {
  const named = view.comparisons.filter((one) => isNamed(one.benchmark, benchmark));
  const names = [...new Set(named.map((one) => one.benchmark))];
  if (names.length === 0) {
    const known = [...new Set(view.comparisons.map((one) => one.benchmark))].slice(0, 12).map(oneLine);
    throw new CliError(`${view.run} compared no benchmark ${JSON.stringify(benchmark)}.`, {
      advice: known.length === 0 ? "It compared none at all." : `It compared ${known.join(", ")}.`,
    });
  }
  if (names.length > 1) {
    throw new CliError(`${JSON.stringify(benchmark)} may be ${names.map(oneLine).join(" or ")}.`, {
      advice: "Write the whole name.",
    });
  }
  const here = cell === null ? named : named.filter((one) => one.cell === cell);
  if (here.length === 0) {
    throw new CliError(`${view.run} did not measure ${names[0]} in ${cell}.`, {
      advice: `It did in ${named.map((one) => one.cell).join(", ")}.`,
    });
  }
  const [worst] = here.toSorted((a, b) => (worseOf(b) ?? -Infinity) - (worseOf(a) ?? -Infinity));
  const slowdown = worst ? worseOf(worst) : null;
  if (!worst || worst.baseline === null || slowdown === null || slowdown <= 0) {
    const why = worst?.reason ? `: ${oneLine(worst.reason)}` : "";
    throw new CliError(`${view.run} does not show ${names[0]} slower${cell === null ? "" : ` in ${cell}`}${why}.`, {
      advice: "There is nothing to search for. ./kiln verdict shows what was compared.",
    });
  }
  return { comparison: worst, baseline: worst.baseline, slowdown };
}

/** `fib` names `fib:time` and `fib{n=20}:time`, too. */
function isNamed(name: string, wanted: string): boolean {
  return name === wanted || (name.startsWith(wanted) && /^[:{]/.test(name.slice(wanted.length)));
}

/** ln of how much worse; null where it is not known. */
function worseOf({ effect, better }: Comparison): number | null {
  const estimate = effect?.ratio.estimate ?? null;
  if (estimate === null || estimate <= 0) return null;
  return better === "lower" ? Math.log(estimate) : -Math.log(estimate);
}

export interface MatrixAttribution {
  readonly axes: readonly AxisAttribution[];
  readonly told: { readonly slow: number; readonly fast: number; readonly unknown: number };
}

/** Along which axes of the run's matrix the benchmark got slower. */
export function attributionOf(run: RunView, view: VerdictView, benchmark: string): MatrixAttribution {
  const axesOf = new Map(run.cells.map(({ cell, axes }) => [cell, axes]));
  const findings = view.comparisons
    .filter((one) => one.benchmark === benchmark)
    .map((one): CellFinding => ({ axes: axesOf.get(one.cell) ?? {}, says: saysOf(one.outcome) }));
  const of = (says: CellFinding["says"]): number => findings.filter((one) => one.says === says).length;
  return { axes: attribute(findings), told: { slow: of("slow"), fast: of("fast"), unknown: of("unknown") } };
}

function saysOf(outcome: string): CellFinding["says"] {
  if (outcome === "regressed") return "slow";
  return outcome === "unchanged" || outcome === "improved" ? "fast" : "unknown";
}
