import type { CellTable } from "./cell-table.ts";
import type { CellAxes } from "./plan.ts";

/**
 * Looks up what depends on some axes of a cell and on nothing else, computing
 * it once for each combination of their values that occurs. Axes that no cell
 * has are passed over.
 */
export function perProjection<T>(
  table: CellTable,
  axes: Iterable<string>,
  compute: (axes: CellAxes, row: number) => T,
): (row: number) => T {
  const width = table.axes.length;
  const wanted = new Set(axes);
  const columns = [...table.axes.keys()].filter((column) => wanted.has(table.axes[column]?.name ?? ""));
  const strides: number[] = [];
  let size = 1;
  for (const column of columns) {
    strides.push(size);
    size *= (table.axes[column]?.values.length ?? 0) + 1;
  }
  const computeFor = (row: number): T => compute(axesOf(table, row), row);
  // Past this, numbers of combinations are no longer exact; such a spec has dozens of axes in one condition.
  if (size > Number.MAX_SAFE_INTEGER) return computeFor;
  const known = new Map<number, T>();
  return (row) => {
    let projection = 0;
    for (let at = 0; at < columns.length; at += 1) {
      projection += ((table.codes[row * width + (columns[at] ?? 0)] ?? -1) + 1) * (strides[at] ?? 0);
    }
    const found = known.get(projection);
    if (found !== undefined) return found;
    const computed = computeFor(row);
    known.set(projection, computed);
    return computed;
  };
}

export function axesOf(table: CellTable, row: number): CellAxes {
  const axes = table.values[row];
  if (!axes) throw new Error(`there is no cell ${row}`);
  return axes;
}

export function nameOf(table: CellTable, row: number): string {
  const name = table.names[row];
  if (name === undefined) throw new Error(`there is no cell ${row}`);
  return name;
}
