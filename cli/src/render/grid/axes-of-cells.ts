import { LACKING, type Axes, type GridAxis } from "./axis-label.ts";

/** The axes in the order of cell names; a person's own come after them, by name. */
const KNOWN = ["python", "torch", "cuda", "os", "gpu", "driver"];

/**
 * The axes that cells have, each with the values that occur. `known` says the
 * order where somebody knows it; else values are in the order of versions.
 */
export function axesOfCells(
  cells: readonly { readonly axes: Axes }[],
  known: readonly GridAxis[] = [],
): readonly GridAxis[] {
  const occurring = new Map<string, Map<string, number>>();
  for (const { axes } of cells) {
    for (const name in axes) {
      const value = axes[name] ?? LACKING;
      const values = occurring.get(name) ?? new Map<string, number>();
      occurring.set(name, values);
      values.set(value, (values.get(value) ?? 0) + 1);
    }
  }
  const names = [...occurring.keys()].toSorted((left, right) => rank(left) - rank(right) || (left < right ? -1 : 1));
  return names.map((name) => {
    const counts = occurring.get(name) ?? new Map<string, number>();
    const order = known.find((axis) => axis.name === name)?.values ?? [];
    const values = [...counts.keys()].toSorted(
      (left, right) => place(order, left) - place(order, right) || compareValues(left, right),
    );
    const total = [...counts.values()].reduce((sum, many) => sum + many, 0);
    return { name, values: total < cells.length ? [LACKING, ...values] : values };
  });
}

function rank(axis: string): number {
  const at = KNOWN.indexOf(axis);
  return at === -1 ? KNOWN.length : at;
}

function place(order: readonly string[], value: string): number {
  const at = order.indexOf(value);
  return at === -1 ? order.length : at;
}

const BY_NUMBERS = new Intl.Collator("en", { numeric: true });

/** "3.9" before "3.10" before "3.13t"; what stands for "without" (`cpu`, `none`) before everything else. */
function compareValues(left: string, right: string): number {
  const plain = (value: string): number => (value === "cpu" || value === "none" ? 0 : 1);
  const rocm = (value: string): number => (value.startsWith("rocm") ? 1 : 0);
  return plain(left) - plain(right) || rocm(left) - rocm(right) || BY_NUMBERS.compare(left, right);
}
