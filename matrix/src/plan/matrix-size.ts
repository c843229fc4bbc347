import { pathOfAxis, placeOfAxis, type PlanContext, type PlanProblem } from "./plan-inputs.ts";
import type { PlanAxis } from "./plan.ts";

/**
 * Cells of one matrix, before exclusions and reduction; checked against the
 * sizes of the axes, before their product is made. A larger one is refused,
 * never cut.
 */
export const CELLS_MAX = 100_000;

/** Axes that a message names; the rest is counted. */
const AXES_SHOWN = 8;

/** Why a matrix is too large: its number of cells, the limit, and the axes that cause it, largest first. */
export function tooManyCells(axes: readonly PlanAxis[], { places }: PlanContext): PlanProblem | null {
  const cells = axes.reduce((product, { values }) => product * BigInt(values.length), 1n);
  if (cells <= BigInt(CELLS_MAX)) return null;
  const largest = axes
    .filter(({ values }) => values.length > 1)
    .toSorted((a, b) => b.values.length - a.values.length || (a.name < b.name ? -1 : 1));
  const shown = largest.slice(0, AXES_SHOWN).map(({ name, values }) => `${values.length} of ${name}`);
  if (largest.length > AXES_SHOWN) shown.push(`${largest.length - AXES_SHOWN} smaller axes`);
  const widest = largest[0]?.name ?? "os";
  return {
    place: placeOfAxis(places, widest),
    path: largest.length === 1 ? pathOfAxis(widest) : "matrix",
    message: `the matrix has ${digits(cells)} cells: ${shown.join(" × ")}; the limit is ${CELLS_MAX}`,
    suggestion: `name fewer values, of ${widest} first, or split the spec`,
  };
}

function digits(count: bigint): string {
  const text = count.toString();
  return text.length <= 30 ? text : `more than 10^${text.length - 1}`;
}
