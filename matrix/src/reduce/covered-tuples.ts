import type { Cell, Plan } from "../plan/plan.ts";

/** One combination of values of `strength` axes, and the cell that stands for it. */
export interface CoveredTuple {
  /** In the order of the plan's axes. */
  readonly values: Readonly<Record<string, string>>;
  /** The first planned cell that has them; null: possible, and only in cells that the reduction left out. */
  readonly by: string | null;
}

/**
 * Every combination of axis values that a possible cell has, and by which cell
 * of the plan it is covered. Of the strength of the plan's reduction, else of
 * pairs. In the order of the axes and then of the cells.
 */
export function coveredTuples(
  plan: Plan,
  strength: number = plan.reduction.kind === "t-wise" ? plan.reduction.strength : 2,
): readonly CoveredTuple[] {
  const names = plan.axes.map(({ name }) => name);
  return subsets(names, Math.min(strength, names.length)).flatMap((axes) => {
    const tuples = new Map<string, CoveredTuple>();
    const add = ({ axes: values }: Cell, by: string | null): void => {
      const chosen = axes.map((axis) => values[axis]);
      if (chosen.includes(undefined)) return;
      const key = JSON.stringify(chosen);
      if (!tuples.has(key)) {
        tuples.set(key, { values: Object.fromEntries(axes.map((axis, at) => [axis, chosen[at] ?? ""])), by });
      }
    };
    for (const cell of plan.cells) add(cell, cell.name);
    for (const cell of plan.reduced) add(cell, null);
    return [...tuples.values()];
  });
}

function subsets(names: readonly string[], size: number): readonly (readonly string[])[] {
  if (size === 0) return [[]];
  return names.flatMap((name, at) => subsets(names.slice(at + 1), size - 1).map((rest) => [name, ...rest]));
}
