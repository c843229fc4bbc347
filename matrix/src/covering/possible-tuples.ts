import type { ForbiddenTuples } from "./forbidden-tuples.ts";
import { seededRandom } from "./random.ts";
import { RowBuilder, type Completion } from "./row-builder.ts";
import type { TupleTable } from "./tuple-table.ts";

/** Work (values set and forbidden tuples looked at) to find a row for one tuple, and for all together. */
const WORK_PER_TUPLE = 200_000;
const WORK_MAX = 40_000_000;

/** Which tuples some allowed row holds. */
export interface PossibleTuples {
  /** For each tuple, 1 when it need not be covered: no allowed row holds it, or none was found. */
  readonly needless: Uint8Array;
  /** Tuples that were proved to be in no allowed row. */
  readonly impossible: number;
  /** Tuples for which the bounded search found neither a row nor a proof that there is none. */
  readonly undecided: number;
  /** An allowed row with this tuple, which is not needless. */
  witness(tuple: number): Int32Array;
}

/**
 * Finds an allowed row for each tuple, or proves that there is none, with a
 * bounded search. The given rows are allowed ones.
 */
export function possibleTuples(
  table: TupleTable,
  forbidden: ForbiddenTuples,
  given: readonly Int32Array[],
): PossibleTuples {
  const needless = new Uint8Array(table.size);
  if (forbidden.tuples.length === 0) {
    return { needless, impossible: 0, undecided: 0, witness: (tuple) => rowWithTuple(table, tuple) };
  }
  const search = new RowSearch(table, forbidden);
  if (search.find(-1) === "impossible") {
    needless.fill(1);
    return { needless, impossible: table.size, undecided: 0, witness: (tuple) => rowWithTuple(table, tuple) };
  }
  for (const row of given) search.keep(row);
  let impossible = 0;
  for (let tuple = 0; tuple < table.size; tuple += 1) {
    if (!search.rowWith(tuple) && search.find(tuple) === "impossible") {
      needless[tuple] = 1;
      impossible += 1;
    }
  }
  // Only now: a tuple that was given up may be in a row that was found for another.
  let undecided = 0;
  for (let tuple = 0; tuple < table.size; tuple += 1) {
    if (needless[tuple] === 1 || search.rowWith(tuple)) continue;
    needless[tuple] = 1;
    undecided += 1;
  }
  return { needless, impossible, undecided, witness: (tuple) => search.rowWith(tuple) ?? rowWithTuple(table, tuple) };
}

/** Looks for allowed rows and keeps those that it finds. */
class RowSearch {
  readonly #table: TupleTable;
  readonly #builder: RowBuilder;
  readonly #random = seededRandom(1);
  readonly #rows: Int32Array[] = [];
  /** The place, counted from 1, of a row with each tuple. */
  readonly #rowOf: Int32Array;

  constructor(table: TupleTable, forbidden: ForbiddenTuples) {
    this.#table = table;
    this.#builder = new RowBuilder(table.levels, forbidden);
    this.#rowOf = new Int32Array(table.size);
  }

  rowWith(tuple: number): Int32Array | undefined {
    return this.#rows[(this.#rowOf[tuple] as number) - 1];
  }

  /** Looks for a row with this tuple (−1: for any row). */
  find(tuple: number): Completion {
    const builder = this.#builder;
    if (builder.work > WORK_MAX) return "given-up";
    const workMax = Math.min(WORK_MAX, builder.work + WORK_PER_TUPLE);
    const mark = builder.mark();
    const canSet = tuple < 0 || setTuple(builder, this.#table, tuple);
    const found = canSet ? builder.complete(workMax, this.#random) : "impossible";
    if (found === "complete") {
      // An axis that is still open is one that no forbidden tuple names.
      this.keep(builder.row.map((value, axis) => (value < 0 ? this.#random(this.#table.levels[axis] ?? 1) : value)));
    }
    builder.undo(mark);
    return found;
  }

  keep(row: Int32Array): void {
    this.#rows.push(row);
    for (let subset = 0; subset < this.#table.firsts.length - 1; subset += 1) {
      const tuple = this.#table.tupleIn(row, subset);
      if (this.#rowOf[tuple] === 0) this.#rowOf[tuple] = this.#rows.length;
    }
  }
}

/** Sets the values of a tuple. False: no allowed row holds it. */
export function setTuple(builder: RowBuilder, table: TupleTable, tuple: number): boolean {
  const places = table.placesOf(tuple);
  for (let place = 0; place < places.length; place += 2) {
    const axis = places[place] as number;
    const value = places[place + 1] as number;
    if (builder.row[axis] !== value && (builder.row[axis] !== -1 || !builder.set(axis, value))) return false;
  }
  return !builder.contradictory;
}

function rowWithTuple(table: TupleTable, tuple: number): Int32Array {
  const row = new Int32Array(table.levels.length);
  const places = table.placesOf(tuple);
  for (let place = 0; place < places.length; place += 2) row[places[place] as number] = places[place + 1] as number;
  return row;
}
