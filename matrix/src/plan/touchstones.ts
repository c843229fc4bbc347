import type { CellTable } from "./cell-table.ts";

/** The cells whose jobs go first: the newest and the oldest corner of what is possible. */
export interface Touchstones {
  readonly newest: number;
  /** The same as the newest when no other cell is older. */
  readonly oldest: number;
}

/** Axes whose values have an age; the others only break ties. */
const AGED = ["python", "torch", "cuda", "gpu", "driver"];

/** Ranks are compared as integers, so that equal sums are equal. */
const RANK_MAX = 1_000_000;

/**
 * Chooses by the sum over python, torch, cuda, gpu and driver of how new the
 * cell's value is among the axis's, each axis counting the same however many
 * values it has: the corner itself is often impossible (the newest torch has no
 * wheel for the oldest CUDA), and this is the possible cell nearest to it.
 *
 * Cells of which something is unknown come last. Between equals the ordinary
 * build goes before a free-threaded one and CUDA before ROCm (a free-threaded
 * 3.14 is as new as 3.14, and ROCm as old as `cpu`), then the first `os`, then
 * the first cell in the order of the plan.
 *
 * `rows` are the possible cells, in that order and not empty.
 */
export function touchstones(
  table: CellTable,
  rows: readonly number[],
  isUnknown: (row: number) => boolean,
): Touchstones {
  const scores = AGED.map((name) => agedColumn(table, name)).filter((column) => column !== null);
  const osColumn = table.axes.findIndex(({ name }) => name === "os");
  const width = table.axes.length;
  const measure = (row: number, towards: 1 | -1): readonly number[] => {
    let score = 0;
    let odd = 0;
    for (const { column, rank, isOdd } of scores) {
      const code = table.codes[row * width + column] ?? -1;
      score += (rank[code] ?? 0) * towards;
      odd += isOdd[code] ? 1 : 0;
    }
    return [isUnknown(row) ? 1 : 0, -score, odd, table.codes[row * width + osColumn] ?? 0];
  };
  const best = (towards: 1 | -1): number => {
    let found = rows[0] ?? 0;
    let least = measure(found, towards);
    for (const row of rows) {
      const measured = measure(row, towards);
      if (isLess(measured, least)) [found, least] = [row, measured];
    }
    return found;
  };
  return { newest: best(1), oldest: best(-1) };
}

interface AgedColumn {
  readonly column: number;
  /** 0 … RANK_MAX, by value index; newer is more. */
  readonly rank: readonly number[];
  readonly isOdd: readonly boolean[];
}

function agedColumn(table: CellTable, name: string): AgedColumn | null {
  const column = table.axes.findIndex((axis) => axis.name === name);
  const values = table.axes[column]?.values;
  if (!values) return null;
  const ages = values.map((value) => ageOf(name, value));
  const distinct = [...new Set(ages)];
  const step = RANK_MAX / Math.max(1, distinct.length - 1);
  return {
    column,
    rank: ages.map((age) => Math.round(distinct.indexOf(age) * step)),
    isOdd: values.map((value, index) => value !== ages[index]),
  };
}

/** The value of the same axis that is as old. */
function ageOf(axis: string, value: string): string {
  if (axis === "python") return value.replace(/t$/, "");
  return axis === "cuda" && value.startsWith("rocm") ? "cpu" : value;
}

function isLess(a: readonly number[], b: readonly number[]): boolean {
  for (let at = 0; at < a.length; at += 1) {
    const difference = (a[at] ?? 0) - (b[at] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}
