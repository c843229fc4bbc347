import type { RunFacts } from "./facts.ts";
import { matrixCompleteness } from "./rules/matrix-completeness.ts";
import { resultOf } from "./rules/result-of.ts";
import type { GateOutcome, GateResult, Verdict } from "./verdict.ts";

export interface Judgement {
  readonly verdict: Verdict;
  /** One sentence: that of the gate that decided. */
  readonly reason: string;
  readonly gates: readonly GateResult[];
}

/** Total over the outcomes of a gate. */
const VERDICT = {
  pass: "pass",
  waived: "pass",
  fail: "fail",
  inconclusive: "inconclusive",
  invalid: "inconclusive",
  "not-run": "inconclusive",
} as const satisfies Record<GateOutcome, Verdict>;

/** Judges a finished run by its matrix alone: may this candidate be released, and on what evidence. */
export function judge(facts: RunFacts): Judgement {
  return combine([resultOf(matrixCompleteness, matrixCompleteness.judge({ run: facts }, {}))]);
}

/** One failed gate fails the run; else one that is not open leaves it undecided; no gate at all decides nothing. */
export function combine(gates: readonly GateResult[]): Judgement {
  for (const verdict of ["fail", "inconclusive", "pass"] as const) {
    const gate = gates.find(({ outcome }) => VERDICT[outcome] === verdict);
    if (gate) return { verdict, reason: gate.reason, gates };
  }
  return { verdict: "inconclusive", reason: "no gate was judged", gates };
}
