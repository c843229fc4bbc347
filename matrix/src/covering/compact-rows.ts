import type { Row } from "./covering-problem.ts";

/** Rows without the axes that are alike in all of them, and without values that are in none. */
export interface CompactRows {
  /** How many rows there are. */
  readonly count: number;
  /** How many values each kept axis has: two or more. */
  readonly levels: readonly number[];
  /** The values of all rows, one row after another. */
  readonly values: Int32Array;
}

/** Such an axis says nothing of which rows to choose: a tuple with it is covered wherever the rest of it is. */
export function compactRows(rows: readonly Row[], levels: readonly number[]): CompactRows {
  const kept: { readonly axis: number; readonly numbers: Int32Array; readonly count: number }[] = [];
  for (const [axis, level] of levels.entries()) {
    const numbers = new Int32Array(level).fill(-1);
    for (const row of rows) numbers[row[axis] as number] = 0;
    let count = 0;
    for (let value = 0; value < level; value += 1) {
      if (numbers[value] !== 0) continue;
      numbers[value] = count;
      count += 1;
    }
    if (count > 1) kept.push({ axis, numbers, count });
  }
  const values = new Int32Array(rows.length * kept.length);
  for (const [index, row] of rows.entries()) {
    for (let place = 0; place < kept.length; place += 1) {
      const { axis, numbers } = kept[place] as (typeof kept)[number];
      values[index * kept.length + place] = numbers[row[axis] as number] as number;
    }
  }
  return { count: rows.length, levels: kept.map(({ count }) => count), values };
}
