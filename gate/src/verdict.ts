import type { JobOutcome } from "./facts.ts";

export type Verdict = "pass" | "fail" | "inconclusive";

/**
 * How a gate ended. Only `pass` and a live `waived` open it: too little
 * evidence is `inconclusive`, contaminated evidence `invalid`, none at all
 * `not-run`.
 */
export type GateOutcome = "pass" | "fail" | "inconclusive" | "invalid" | "not-run" | "waived";

/** One thing that a gate's outcome rests on. */
export type Evidence =
  | { readonly kind: "job"; readonly job: string; readonly outcome: JobOutcome; readonly summary: string }
  /** `line` is null when it is about the whole file. */
  | { readonly kind: "file"; readonly file: string; readonly line: number | null; readonly text: string }
  | { readonly kind: "artifact"; readonly file: string; readonly sha256: string; readonly text: string }
  /** `limit`: what it was held against, `≤ 0.05`. */
  | {
      readonly kind: "measured";
      readonly what: string;
      readonly value: number;
      readonly unit: string;
      readonly limit: string;
      readonly text: string;
    }
  | { readonly kind: "statement"; readonly text: string };

export interface GateResult {
  /** Of the catalogue of gates, `G13`. */
  readonly id: string;
  readonly name: string;
  readonly outcome: GateOutcome;
  /** A sentence. */
  readonly reason: string;
  /** What decided, in the order of the plan; at most `EVIDENCE_MAX`. */
  readonly evidence: readonly Evidence[];
  /** How many more there are. */
  readonly evidenceOmitted: number;
}

export const EVIDENCE_MAX = 100;
