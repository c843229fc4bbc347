import { RECORD, type TupleTable } from "./tuple-table.ts";

/** Which tuples a set of rows covers, how often, and which are missing. */
export class Coverage {
  readonly table: TupleTable;
  /** How many rows hold each tuple. A tuple that need not be covered counts one more. */
  readonly counts: Int32Array;
  /** The missing tuples, in any order; only the first `missing` entries mean something. */
  readonly #list: Int32Array;
  /** Where each missing tuple stands in the list. */
  readonly #places: Int32Array;
  #missing = 0;

  /** `needless` has 1 for each tuple that need not be covered. */
  constructor(table: TupleTable, needless: Uint8Array) {
    this.table = table;
    this.counts = Int32Array.from(needless);
    this.#list = new Int32Array(table.size);
    this.#places = new Int32Array(table.size);
    for (let tuple = 0; tuple < table.size; tuple += 1) if (needless[tuple] === 0) this.#lose(tuple);
  }

  /** How many tuples are missing. */
  get missing(): number {
    return this.#missing;
  }

  /** A missing tuple; `index` from 0 to below `missing`. */
  missingAt(index: number): number {
    return this.#list[index] as number;
  }

  #lose(tuple: number): void {
    this.#list[this.#missing] = tuple;
    this.#places[tuple] = this.#missing;
    this.#missing += 1;
  }

  #win(tuple: number): void {
    this.#missing -= 1;
    const last = this.#list[this.#missing] as number;
    const place = this.#places[tuple] as number;
    this.#list[place] = last;
    this.#places[last] = place;
  }

  #add(tuple: number): void {
    const count = this.counts[tuple] as number;
    this.counts[tuple] = count + 1;
    if (count === 0) this.#win(tuple);
  }

  #remove(tuple: number): void {
    const count = (this.counts[tuple] as number) - 1;
    this.counts[tuple] = count;
    if (count === 0) this.#lose(tuple);
  }

  addRow(row: Int32Array): void {
    for (let subset = 0; subset < this.table.firsts.length - 1; subset += 1) this.#add(this.table.tupleIn(row, subset));
  }

  removeRow(row: Int32Array): void {
    for (let subset = 0; subset < this.table.firsts.length - 1; subset += 1) {
      this.#remove(this.table.tupleIn(row, subset));
    }
  }

  /** How many tuples would be missing without this row, which is one of the rows. */
  neededBy(row: Int32Array): number {
    return this.#countIn(row, 1);
  }

  /** How many missing tuples this row, which is not one of the rows, holds. */
  newIn(row: Int32Array): number {
    return this.#countIn(row, 0);
  }

  #countIn(row: Int32Array, count: number): number {
    let found = 0;
    for (let subset = 0; subset < this.table.firsts.length - 1; subset += 1) {
      if (this.counts[this.table.tupleIn(row, subset)] === count) found += 1;
    }
    return found;
  }

  /** Gives a row that is one of the rows another value. */
  change(row: Int32Array, axis: number, value: number): void {
    const records = this.table.ofAxis[axis] as Int32Array;
    const old = row[axis] as number;
    for (let at = 0; at < records.length; at += RECORD) {
      const rest = restOf(records, at, row);
      const factor = records[at + 1] as number;
      this.#remove(rest + factor * old);
      this.#add(rest + factor * value);
    }
    row[axis] = value;
  }

  /** How many tuples fewer would be missing if a row that is one of the rows had another value. */
  gainOf(row: Int32Array, axis: number, value: number): number {
    const records = this.table.ofAxis[axis] as Int32Array;
    const { counts } = this;
    const old = row[axis] as number;
    let gain = 0;
    for (let at = 0; at < records.length; at += RECORD) {
      const rest = restOf(records, at, row);
      const factor = records[at + 1] as number;
      if (counts[rest + factor * old] === 1) gain -= 1;
      if (counts[rest + factor * value] === 0) gain += 1;
    }
    return gain;
  }

  /**
   * Adds to `gains`, for each value of the axis, how many missing tuples it
   * makes with the values that a row under construction has; −1 stands for none.
   */
  gainsOf(row: Int32Array, axis: number, gains: Int32Array): void {
    const records = this.table.ofAxis[axis] as Int32Array;
    const { counts } = this;
    const level = this.table.levels[axis] as number;
    for (let at = 0; at < records.length; at += RECORD) {
      if ((row[records[at + 2] as number] as number) < 0 || (row[records[at + 4] as number] as number) < 0) continue;
      let tuple = restOf(records, at, row);
      const factor = records[at + 1] as number;
      for (let value = 0; value < level; value += 1, tuple += factor) {
        if (counts[tuple] === 0) gains[value] = (gains[value] as number) + 1;
      }
    }
  }
}

/** The number of the record's tuple without the axis' own value. */
function restOf(records: Int32Array, at: number, row: Int32Array): number {
  return (
    (records[at] as number) +
    (row[records[at + 2] as number] as number) * (records[at + 3] as number) +
    (row[records[at + 4] as number] as number) * (records[at + 5] as number)
  );
}
