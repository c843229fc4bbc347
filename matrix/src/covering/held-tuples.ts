import type { CompactRows } from "./compact-rows.ts";

/** Up to so many tuples of one subset are numbered by a table, more by a map. */
const TABLE_MAX = 4_000_000;

/** The tuples that rows hold, numbered from 0 as they come: those that no row holds have no number. */
export class HeldTuples {
  readonly rows: number;
  /** How many tuples a row holds: one of each subset of axes. */
  readonly perRow: number;
  /** The tuples of all rows, one row after another. */
  readonly tuples: Int32Array;
  /** How many different tuples there are. */
  readonly size: number;
  /** So many different tuples one subset of axes has: no fewer rows hold all. */
  readonly rowsMin: number;

  /** Throws a RangeError when the rows hold more than `heldMax` tuples together. */
  constructor({ count, levels, values }: CompactRows, strength: number, heldMax: number) {
    const subsets = subsetsOf(levels.length, strength);
    if (count * subsets.length > heldMax) {
      throw new RangeError(
        `${count} candidates with ${levels.length} axes hold ${count * subsets.length} tuples of ${strength}: the limit is ${heldMax}`,
      );
    }
    this.rows = count;
    this.perRow = subsets.length;
    this.tuples = new Int32Array(count * subsets.length);
    let size = 0;
    let rowsMin = 0;
    for (const [place, subset] of subsets.entries()) {
      const product = subset.reduce((total, axis) => total * (levels[axis] as number), 1);
      const number = numbering(product, size);
      let last = size;
      for (let row = 0; row < count; row += 1) {
        let key = 0;
        for (const axis of subset)
          key = key * (levels[axis] as number) + (values[row * levels.length + axis] as number);
        const tuple = number(key);
        this.tuples[row * subsets.length + place] = tuple;
        if (tuple >= last) last = tuple + 1;
      }
      rowsMin = Math.max(rowsMin, last - size);
      size = last;
    }
    this.size = size;
    this.rowsMin = rowsMin;
  }
}

/** Gives each new key the next number. */
function numbering(keys: number, first: number): (key: number) => number {
  let next = first;
  if (keys <= TABLE_MAX) {
    const table = new Int32Array(keys);
    return (key) => {
      // 0 stands for none, so numbers are kept one higher.
      if (table[key] === 0) table[key] = next += 1;
      return (table[key] as number) - 1;
    };
  }
  const map = new Map<number, number>();
  return (key) => {
    const known = map.get(key);
    if (known !== undefined) return known;
    map.set(key, next);
    next += 1;
    return next - 1;
  };
}

function subsetsOf(count: number, size: number): number[][] {
  if (size === 0) return [[]];
  const subsets: number[][] = [];
  for (let last = size - 1; last < count; last += 1) {
    for (const rest of subsetsOf(last, size - 1)) subsets.push([...rest, last]);
  }
  return subsets;
}
