import type { Plan } from "@kiln/matrix";
import type { Symbols } from "../symbols.ts";
import type { CellMark, GridCell } from "./grid-cell.ts";

type PlanCells = Pick<Plan, "cells" | "excluded" | "reduced">;

/** The cells of a plan with their marks. */
export function gridOfPlan(plan: PlanCells, symbols: Symbols): readonly GridCell[] {
  const mark = (
    sign: string,
    word: string,
    short: string,
    tone: CellMark["tone"],
    rank: number,
    counted: string,
  ): CellMark => ({
    mark: sign,
    word,
    short,
    tone,
    rank,
    counted,
  });
  const overridden = mark(symbols.warn, "planned by an override", "override", "warn", 6, "planned");
  const unknown = mark(symbols.unknown, "planned, not known to be possible", "unknown", "warn", 5, "planned");
  const touchstone = mark(symbols.touchstone, "planned, first (touchstone)", "first", "accent", 4, "planned");
  const planned = mark(symbols.good, "planned", "plan", "good", 7, "planned");
  const reduced = mark(symbols.reduced, "left out by the reduction", "reduced", "plain", 3, "reduced");
  const excluded = mark(symbols.none, "excluded", "", "dim", 2, "excluded");
  return [
    ...plan.cells.map((cell) => ({
      axes: cell.axes,
      state:
        cell.overridden.length > 0
          ? overridden
          : cell.unknown.length > 0
            ? unknown
            : cell.touchstone
              ? touchstone
              : planned,
    })),
    ...plan.reduced.map(({ axes }) => ({ axes, state: reduced })),
    ...plan.excluded.map(({ axes }) => ({ axes, state: excluded })),
  ];
}
