import type { CompactRows } from "./compact-rows.ts";
import { Coverage } from "./coverage.ts";
import { countTuples } from "./covering-problem.ts";
import type { HeldTuples } from "./held-tuples.ts";
import { seededRandom } from "./random.ts";
import { shrinkRows } from "./shrink-rows.ts";
import { TupleTable } from "./tuple-table.ts";

/** Larger inputs keep what was chosen first: for them the tables below would take too long. */
const TUPLES_MAX = 500_000;
const HELD_MAX = 8_000_000;
/** Work for each tuple, and at most: about a fifth of a second. */
const WORK_PER_TUPLE = 40_000;
const WORK_MAX = 80_000_000;

/**
 * Fewer rows than the chosen ones that hold the same tuples, the first `fixed`
 * among them; null when none were found or the input is too large to look.
 */
export function exchangeRows(
  held: HeldTuples,
  compact: CompactRows,
  strength: number,
  chosen: readonly number[],
  fixed: number,
): readonly number[] | null {
  const { levels, count } = compact;
  if (strength !== 2 && strength !== 3) return null;
  if (countTuples(levels, strength) > TUPLES_MAX || held.tuples.length > HELD_MAX) return null;
  // A row as one number; a row that a change would make is looked up by it.
  const product = levels.reduce((total, level) => total * level, 1);
  if (product > Number.MAX_SAFE_INTEGER) return null;
  const factors = levels.map((_, axis) => levels.slice(axis + 1).reduce((total, level) => total * level, 1));
  const rowAt = (index: number): Int32Array =>
    compact.values.subarray(index * levels.length, (index + 1) * levels.length);
  const keyOf = (row: Int32Array): number => {
    let key = 0;
    for (let axis = 0; axis < factors.length; axis += 1) key += (row[axis] as number) * (factors[axis] as number);
    return key;
  };
  const indexes = new Map<number, number>();
  for (let index = count - 1; index >= 0; index -= 1) indexes.set(keyOf(rowAt(index)), index);

  const table = new TupleTable(levels, strength);
  const random = seededRandom(count);
  const holders = holdersOf(table, compact, rowAt);
  const needless = Uint8Array.from({ length: table.size }, (_, tuple) => (holders.count(tuple) === 0 ? 1 : 0));
  const coverage = new Coverage(table, needless);
  const rows = chosen.map((index) => rowAt(index).slice());
  for (const row of rows) coverage.addRow(row);
  const fewer = shrinkRows(coverage, rows, {
    fixed,
    rowsMin: held.rowsMin,
    work: { left: Math.min(WORK_MAX, table.size * WORK_PER_TUPLE) },
    allows: (row, axis, value) => indexes.has(keyOf(row) + (value - (row[axis] as number)) * (factors[axis] as number)),
    rowWith: (tuple) => rowAt(holders.at(tuple, random(holders.count(tuple)))),
    random,
  });
  if (fewer.length >= chosen.length) return null;
  return [...chosen.slice(0, fixed), ...fewer.slice(fixed).map((row) => indexes.get(keyOf(row)) as number)];
}

interface Holders {
  count(tuple: number): number;
  /** The index of a row with this tuple. */
  at(tuple: number, place: number): number;
}

function holdersOf(table: TupleTable, { count }: CompactRows, rowAt: (index: number) => Int32Array): Holders {
  const subsets = table.firsts.length - 1;
  const ends = new Int32Array(table.size + 1);
  const tuples = new Int32Array(count * subsets);
  for (let index = 0; index < count; index += 1) {
    const row = rowAt(index);
    for (let subset = 0; subset < subsets; subset += 1) {
      const tuple = table.tupleIn(row, subset);
      tuples[index * subsets + subset] = tuple;
      ends[tuple + 1] = (ends[tuple + 1] as number) + 1;
    }
  }
  for (let tuple = 0; tuple < table.size; tuple += 1)
    ends[tuple + 1] = (ends[tuple + 1] as number) + (ends[tuple] as number);
  const filled = ends.slice();
  const list = new Int32Array(tuples.length);
  for (let at = 0; at < tuples.length; at += 1) {
    const tuple = tuples[at] as number;
    const place = filled[tuple] as number;
    list[place] = Math.floor(at / subsets);
    filled[tuple] = place + 1;
  }
  return {
    count: (tuple) => (ends[tuple + 1] as number) - (ends[tuple] as number),
    at: (tuple, place) => list[(ends[tuple] as number) + place] as number,
  };
}
