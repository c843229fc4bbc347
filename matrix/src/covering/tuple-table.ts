/** Numbers in a record of `TupleTable.ofAxis`. */
export const RECORD = 6;

/**
 * The tuples of a problem, numbered from 0: all values of the first subset of
 * axes, then all of the next. A row holds one tuple of each subset: the
 * subset's first number, plus each value times the factor of its axis.
 */
export class TupleTable {
  readonly levels: readonly number[];
  readonly strength: 2 | 3;
  /** How many tuples there are. */
  readonly size: number;
  /** For each subset of axes the number of its first tuple; at the end, the size. */
  readonly firsts: Int32Array;
  /** For each subset `strength` axes, in ascending order. */
  readonly axes: Int32Array;
  /** For each subset the factors of its axes. */
  readonly factors: Int32Array;
  /**
   * For each axis one record for each subset that it is in: the number of the
   * subset's first tuple, the axis' factor, then twice another axis and its
   * factor (at strength 2 the second time the same axis with factor 0).
   */
  readonly ofAxis: readonly Int32Array[];

  constructor(levels: readonly number[], strength: 2 | 3) {
    this.levels = levels;
    this.strength = strength;
    const subsets = subsetsOf(levels.length, strength);
    this.firsts = new Int32Array(subsets.length / strength + 1);
    this.axes = Int32Array.from(subsets);
    this.factors = new Int32Array(subsets.length);
    let first = 0;
    for (let subset = 0; subset < this.firsts.length - 1; subset += 1) {
      this.firsts[subset] = first;
      let factor = 1;
      for (let place = subset * strength + strength - 1; place >= subset * strength; place -= 1) {
        this.factors[place] = factor;
        factor *= levels[this.axes[place] as number] as number;
      }
      first += factor;
    }
    this.firsts[this.firsts.length - 1] = first;
    this.size = first;
    this.ofAxis = this.#records();
  }

  #records(): Int32Array[] {
    const { strength, axes, factors, firsts } = this;
    const length = (axes.length / Math.max(1, this.levels.length)) * RECORD;
    const records = this.levels.map(() => new Int32Array(length));
    const ends = new Int32Array(this.levels.length);
    for (let at = 0; at < axes.length; at += 1) {
      const subset = Math.floor(at / strength);
      const axis = axes[at] as number;
      const other = subset * strength + ((at + 1) % strength);
      const third = subset * strength + ((at + 2) % strength);
      const record = [
        firsts[subset] as number,
        factors[at] as number,
        axes[other] as number,
        factors[other] as number,
        strength === 3 ? (axes[third] as number) : (axes[other] as number),
        strength === 3 ? (factors[third] as number) : 0,
      ];
      records[axis]?.set(record, ends[axis]);
      ends[axis] = (ends[axis] as number) + RECORD;
    }
    return records;
  }

  /** The subset that a tuple is of. */
  #subsetOf(tuple: number): number {
    let low = 0;
    let high = this.firsts.length - 1;
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if ((this.firsts[middle] as number) <= tuple) low = middle;
      else high = middle;
    }
    return low;
  }

  /** The axes and values of a tuple, in turn: axis, value, axis, value … */
  placesOf(tuple: number): number[] {
    const subset = this.#subsetOf(tuple);
    const places: number[] = [];
    for (let at = subset * this.strength; at < (subset + 1) * this.strength; at += 1) {
      const axis = this.axes[at] as number;
      const rest = Math.floor((tuple - (this.firsts[subset] as number)) / (this.factors[at] as number));
      places.push(axis, rest % (this.levels[axis] as number));
    }
    return places;
  }

  /** The number of the tuple of a subset that a complete row holds. */
  tupleIn(row: Int32Array, subset: number): number {
    let tuple = this.firsts[subset] as number;
    for (let at = subset * this.strength; at < (subset + 1) * this.strength; at += 1) {
      tuple += (row[this.axes[at] as number] as number) * (this.factors[at] as number);
    }
    return tuple;
  }
}

/** All subsets of so many of the axes 0 … count − 1, one after another. */
function subsetsOf(count: number, strength: 2 | 3): number[] {
  const subsets: number[] = [];
  for (let a = 0; a < count; a += 1) {
    for (let b = a + 1; b < count; b += 1) {
      if (strength === 2) subsets.push(a, b);
      else for (let c = b + 1; c < count; c += 1) subsets.push(a, b, c);
    }
  }
  return subsets;
}
