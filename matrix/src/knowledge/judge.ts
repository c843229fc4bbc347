import type { CellAxes, Reason } from "../plan/plan.ts";

/** What a rule says of a cell, with the fact and where it stands; null when it has nothing to say of such a cell. */
export type Answer = ({ readonly answer: "possible" | "impossible" | "unknown" } & Reason) | null;

/** One idea of why a cell can exist or cannot. */
export interface Rule {
  /** `torch-wheel`. */
  readonly name: string;
  /** Its answer depends on these axes of the cell and on nothing else. */
  readonly axes: readonly string[];
  judge(axes: CellAxes): Answer;
}
