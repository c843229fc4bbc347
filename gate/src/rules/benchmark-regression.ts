import { baselineOrigin } from "../compare/baseline-file.ts";
import type { Comparison, ComparisonOutcome, Effect, Judged } from "../compare/compare.ts";
import { movedCounters } from "../profiles/moved-counters.ts";
import type { Evidence } from "../verdict.ts";
import type { ProfileFact } from "./gate-facts.ts";
import { CANDIDATE } from "./case-facts.ts";
import { decide, finding, rule, statement } from "./rule.ts";

const EFFECT: Effect = {
  baseline: 1e-3,
  candidate: 1.1e-3,
  ratio: { estimate: 1.1, low: 1.08, high: 1.12 },
  pairs: 10,
  pValue: 1 / 1024,
};
const COMPARISON: Comparison = {
  benchmark: "fib:time",
  cell: "cp312-linux-x86_64",
  unit: "s",
  better: "lower",
  boundBy: "gpu",
  baseline: "1.3.2",
  screened: [],
  confirmed: null,
  identical: undefined,
};
const judged = (outcome: ComparisonOutcome): Judged => ({ comparison: COMPARISON, outcome });

const KERNEL_CHARS_MAX = 240;

interface RegressionOptions {
  /** Whether a first release may go without a baseline, where nothing was named that it could have. */
  readonly firstReleaseWithout: boolean;
}

const DEFAULTS: RegressionOptions = { firstReleaseWithout: false };

/** G22: no benchmark regressed against the baseline on the same device. Contaminated ones make it invalid, missing baselines not run. */
export const benchmarkRegression = rule({
  id: "G22",
  name: "benchmark-regression",
  needs: ["candidate", "comparisons"],
  uses: ["profiles"],
  defaults: DEFAULTS,
  judge: ({ candidate, comparisons, profiles = [] }, { firstReleaseWithout }) => {
    if (comparisons.length === 0) return finding("not-run", "no benchmark was compared");
    const told = (kinds: readonly ComparisonOutcome["kind"][]): readonly Evidence[] =>
      comparisons.filter(({ outcome }) => kinds.includes(outcome.kind)).map(tell);
    const regressed = told(["regressed"]);
    const invalid = told(["invalid"]);
    const without = told(["no-baseline"]);
    if (regressed.length === 0 && invalid.length > 0) {
      return finding("invalid", `${invalid.length} of ${comparisons.length} comparisons are contaminated`, invalid);
    }
    const mayBeFirst = comparisons.every(
      ({ outcome }) => outcome.kind !== "no-baseline" || outcome.mayBeFirst !== false,
    );
    const accepted = firstReleaseWithout && candidate.lastRelease === null && mayBeFirst;
    if (regressed.length === 0 && without.length > 0 && !accepted) return finding("not-run", "no baseline", without);
    const evidence = told(["unchanged", "improved", "no-baseline"]);
    const count = comparisons.length - without.length;
    const said = without.length > 0 ? `; ${without.length} have no baseline, which a first release may` : "";
    const decided = decide(
      { problems: regressed, doubts: told(["cannot-tell", "needs-confirmation"]), evidence },
      `${count} benchmarks are not worse${said}`,
    );
    return regressed.length === 0 ? decided : { ...decided, evidence: explained(comparisons, profiles) };
  },
  cases: {
    pass: {
      facts: { candidate: CANDIDATE, comparisons: [judged({ kind: "unchanged", effect: EFFECT })] },
      options: DEFAULTS,
    },
    fail: {
      facts: {
        candidate: CANDIDATE,
        comparisons: [judged({ kind: "regressed", effect: EFFECT, discoveryRate: 0.001 })],
      },
      options: DEFAULTS,
    },
    cannotTell: {
      facts: {
        candidate: CANDIDATE,
        comparisons: [judged({ kind: "cannot-tell", reason: "too wide", effect: EFFECT, seenMin: 0.08 })],
      },
      options: DEFAULTS,
    },
  },
});

/** Each cell's regressions, and behind them what its kernels' profile says. */
function explained(comparisons: readonly Judged[], profiles: readonly ProfileFact[]): readonly Evidence[] {
  const regressed = comparisons.filter(({ outcome }) => outcome.kind === "regressed");
  const cells = Map.groupBy(regressed, ({ comparison }) => comparison.cell);
  return [...cells].flatMap(([cell, own]) => {
    const baselines = new Set(own.map(({ comparison }) => comparison.baseline));
    return [...own.map(tell), ...profiles.flatMap((one) => (one.cell === cell ? counters(one, baselines) : []))];
  });
}

/** No evidence of the regression, which stands by its pairs: what may explain it. */
function counters(
  { cell, candidate, baseline, baselineVersion }: ProfileFact,
  compared: ReadonlySet<string | null>,
): readonly Evidence[] {
  if (!baseline) return [statement(`${cell}: the baseline has no profile, so which counters moved is not known`)];
  if (baselineVersion !== undefined && !compared.has(baselineVersion)) {
    return [statement(`${cell}: the profile is compared with ${baselineVersion ?? "nothing"}, not with this baseline`)];
  }
  const { moved, kernels, onlyInCandidate } = movedCounters(candidate, baseline);
  const [other] = onlyInCandidate;
  const more = onlyInCandidate.length > 1 ? `, nor ${onlyInCandidate.length - 1} more` : "";
  return [
    ...moved.map(({ kernel, binary, metric, unit, before, after }): Evidence => {
      const change = before > 0 ? `${after < before ? "fell" : "rose"} by ${percent(after / before - 1)}` : "appeared";
      const what = `${metric} of ${shortened(kernel)}`;
      const code = binary === "unknown" ? "" : ` (${binary} binary)`;
      const text = `${cell}: ${what}${code} ${change}`;
      return { kind: "measured", what, value: after, unit, limit: `was ${before}`, text };
    }),
    ...(other === undefined
      ? []
      : [statement(`${cell}: the baseline does not launch ${shortened(other)} in its profile${more}`)]),
    ...(moved.length === 0 && kernels > 0
      ? [statement(`${cell}: no counter of the ${kernels} kernels profiled differs from the baseline's`)]
      : []),
  ];
}

/** Names of templates' instances have thousands of characters; the sizes at their end tell launches apart. */
function shortened(kernel: string): string {
  return kernel.length <= KERNEL_CHARS_MAX ? kernel : `${kernel.slice(0, KERNEL_CHARS_MAX - 60)}…${kernel.slice(-59)}`;
}

function percent(share: number): string {
  return `${Math.abs(100 * share).toFixed(1)} %`;
}

function tell({ comparison, outcome }: Judged): Evidence {
  const name = `${comparison.benchmark} in ${comparison.cell}`;
  const effect = "effect" in outcome ? outcome.effect : null;
  if (!effect) return statement(`${name}: ${("reason" in outcome ? outcome.reason : null) ?? "no baseline"}`);
  const { estimate, low, high } = effect.ratio;
  const rate = comparison.identical
    ? `against itself it was stopped in ${comparison.identical.stopped} of ${comparison.identical.runs} runs`
    : "it was never run against itself";
  const why =
    outcome.kind === "cannot-tell"
      ? `${outcome.reason}; `
      : outcome.kind === "needs-confirmation"
        ? `not confirmed yet (${outcome.why}); `
        : "";
  const from = comparison.baselineFile ? ` (${baselineOrigin(comparison.baselineFile)})` : "";
  const change = `${signed(estimate)} (${signed(low)} … ${signed(high)}, ${effect.pairs} pairs)`;
  return {
    kind: "measured",
    what: name,
    value: estimate,
    unit: "ratio",
    limit: comparison.better === "lower" ? "not above 1" : "not below 1",
    text: `${name}: ${outcome.kind}, ${change} against ${comparison.baseline ?? "nothing"}${from}; ${why}${rate}`,
  };
}

/** A ratio as a change: `+4.8 %`. */
function signed(ratio: number): string {
  if (!Number.isFinite(ratio)) return "unbounded";
  const change = 100 * (ratio - 1);
  return `${change < 0 ? "−" : "+"}${Math.abs(change).toFixed(1)} %`;
}
