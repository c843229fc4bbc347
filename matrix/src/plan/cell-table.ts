import type { Combination } from "../combine/combine.ts";
import { KNOWN_AXES } from "../spec/spec.ts";
import type { ExcludeEntry } from "../spec/spec.ts";
import { namePart } from "./cell-name.ts";
import type { CellAxes, PlanAxis } from "./plan.ts";
import { inOrder, type ResolvedAxis } from "./resolve-axes.ts";

/**
 * Every cell of a matrix, as a table of value indexes: what is asked of a cell
 * mostly depends on a few axes, and is looked up by their indexes (`perProjection`).
 */
export interface CellTable {
  /** In the order of cell names; with the keys and values that only an `include` has. */
  readonly axes: readonly PlanAxis[];
  /** Names of the cells, in the order of the axes' values, the first axis slowest. */
  readonly names: readonly string[];
  /** Of each cell, with its keys in the order of the axes. */
  readonly values: readonly CellAxes[];
  /** Value indexes, `axes.length` for each cell; -1 where a cell does not have the axis. */
  readonly codes: Int32Array;
  /** Of each cell; null: the user excludes it not. */
  readonly excludedBy: readonly (ExcludeEntry | null)[];
}

/** Two combinations that differ and would have one name. */
export interface NameClash {
  readonly name: string;
  readonly axes: readonly [CellAxes, CellAxes];
}

/**
 * Makes cells of combinations that all have `os` and `python`. What two
 * `include` entries say twice is one cell.
 */
export function cellTable(
  axes: readonly ResolvedAxis[],
  combinations: readonly Combination[],
): { readonly table: CellTable; readonly clash: NameClash | null } {
  const all = withIncluded(axes, combinations);
  const codes = codesOf(all, combinations);
  const order = combinations.some(({ from }) => from === "include")
    ? sortedRows(codes, all.length, combinations)
    : null;
  const rows = order?.length ?? combinations.length;
  const kept = order === null ? codes : reordered(codes, all.length, order);
  const names = namesOf(all, kept, rows);
  const values: CellAxes[] = [];
  const excludedBy: (ExcludeEntry | null)[] = [];
  const byName = new Map<string, number>();
  let clash: NameClash | null = null;
  // Those of the product are made alike: where one has its keys in order, all do, and need not be made again.
  const product = combinations.find(({ from }) => from === "product");
  const asTheyAre = product !== undefined && Object.keys(product.values).join() === axes.map(({ name }) => name).join();
  for (let row = 0; row < rows; row += 1) {
    const combination = combinations[order?.[row] ?? row];
    const axesOfRow =
      combination?.from === "product" && asTheyAre
        ? (combination.values as CellAxes)
        : valuesOf(all, kept, row * all.length);
    const name = names[row] ?? "";
    const other = byName.get(name);
    if (other !== undefined) clash ??= { name, axes: [values[other] ?? axesOfRow, axesOfRow] };
    byName.set(name, row);
    values.push(axesOfRow);
    excludedBy.push(combination?.excludedBy ?? null);
  }
  return { table: { axes: all, names, values, codes: kept, excludedBy }, clash };
}

/** The spec's axes and, after them by name, keys that only an include has; values that only an include has among them. */
function withIncluded(axes: readonly ResolvedAxis[], combinations: readonly Combination[]): readonly PlanAxis[] {
  const further = new Map<string, Set<string>>();
  const own = new Map(axes.map(({ name, values }) => [name, new Set(values)]));
  for (const { values, from } of combinations) {
    if (from === "product") continue;
    for (const [axis, value] of Object.entries(values)) {
      if (own.get(axis)?.has(value)) continue;
      const seen = further.get(axis);
      if (seen) seen.add(value);
      else further.set(axis, new Set([value]));
    }
  }
  const extended = axes.map(({ name, values, resolved }) => {
    const more = further.get(name);
    return { name, values: more ? inOrder(name, [...values, ...more]) : values, resolved };
  });
  const added = [...further].filter(([name]) => !own.has(name));
  const all = [...extended, ...added.map(([name, values]) => ({ name, values: inOrder(name, values), resolved: {} }))];
  return all.sort((a, b) => rank(a.name) - rank(b.name) || (a.name < b.name ? -1 : 1));
}

function rank(axis: string): number {
  const at = (KNOWN_AXES as readonly string[]).indexOf(axis);
  return at < 0 ? KNOWN_AXES.length : at;
}

function codesOf(axes: readonly PlanAxis[], combinations: readonly Combination[]): Int32Array {
  const width = axes.length;
  const codes = new Int32Array(combinations.length * width);
  for (const [column, { name, values }] of axes.entries()) {
    const indexOf = new Map(values.map((value, index) => [value, index]));
    let at = column;
    for (const combination of combinations) {
      const value = combination.values[name];
      codes[at] = value === undefined ? -1 : (indexOf.get(value) ?? -1);
      at += width;
    }
  }
  return codes;
}

/** Indexes of the combinations in the order of their codes, equal ones once; one that is not excluded stands for both. */
function sortedRows(codes: Int32Array, width: number, combinations: readonly Combination[]): readonly number[] {
  const compare = (a: number, b: number): number => {
    for (let column = 0; column < width; column += 1) {
      const difference = (codes[a * width + column] ?? 0) - (codes[b * width + column] ?? 0);
      if (difference !== 0) return difference;
    }
    return 0;
  };
  const excluded = (row: number): number => (combinations[row]?.excludedBy ? 1 : 0);
  const sorted = combinations.map((_, row) => row).sort((a, b) => compare(a, b) || excluded(a) - excluded(b) || a - b);
  return sorted.filter((row, at) => at === 0 || compare(sorted[at - 1] ?? 0, row) !== 0);
}

function reordered(codes: Int32Array, width: number, order: readonly number[]): Int32Array {
  const result = new Int32Array(order.length * width);
  for (const [to, from] of order.entries()) result.set(codes.subarray(from * width, (from + 1) * width), to * width);
  return result;
}

/** Cells that follow each other differ in their last parts, mostly: what comes before those is joined once. */
function namesOf(axes: readonly PlanAxis[], codes: Int32Array, rows: number): readonly string[] {
  const width = axes.length;
  const parts = axes.map(({ name, values }) => values.map((value) => namePart(name, value)));
  const names: string[] = [];
  const begun: string[] = axes.map(() => "");
  for (let row = 0; row < rows; row += 1) {
    let column = 0;
    if (row > 0)
      while (column < width && codes[row * width + column] === codes[(row - 1) * width + column]) column += 1;
    for (; column < width; column += 1) {
      const before = column === 0 ? "" : (begun[column - 1] ?? "");
      const part = parts[column]?.[codes[row * width + column] ?? -1];
      begun[column] = part === undefined ? before : before === "" ? part : `${before}-${part}`;
    }
    names.push(begun[width - 1] ?? "");
  }
  return names;
}

function valuesOf(axes: readonly PlanAxis[], codes: Int32Array, start: number): CellAxes {
  const values: Record<string, string> = {};
  for (let column = 0; column < axes.length; column += 1) {
    const axis = axes[column];
    const value = axis?.values[codes[start + column] ?? -1];
    if (axis !== undefined && value !== undefined) values[axis.name] = value;
  }
  return values as unknown as CellAxes;
}
