import { buildRows } from "./build-rows.ts";
import { binaryRows } from "./constructions.ts";
import { Coverage } from "./coverage.ts";
import { assertProblem, type CoveringProblem, type Row } from "./covering-problem.ts";
import { ForbiddenTuples } from "./forbidden-tuples.ts";
import { knownArray } from "./known-array.ts";
import { possibleTuples, type PossibleTuples } from "./possible-tuples.ts";
import { seededRandom } from "./random.ts";
import { RowBuilder } from "./row-builder.ts";
import { shrinkRows } from "./shrink-rows.ts";
import { TupleTable } from "./tuple-table.ts";

/** Work that is done to leave out rows: for each tuple, at least and at most. A million takes about 2 ms. */
const SHRINK_WORK_PER_TUPLE = 100_000;
const SHRINK_WORK_MIN = 10_000_000;
const SHRINK_WORK_MAX = 500_000_000;

export interface CoveringArray {
  /** The seeds first. Every tuple is in some row, but for those counted below. */
  readonly rows: readonly Row[];
  /** Tuples that no allowed row can hold: the forbidden ones, and what follows from them together. */
  readonly impossible: number;
  /**
   * Tuples for which the search for an allowed row, which is bounded, ended
   * without a row or a proof that there is none: they need not be in a row.
   * Always 0 without forbidden tuples, and with all but contrived ones.
   */
  readonly undecided: number;
}

/**
 * Few rows in which every combination of values of `strength` axes is found,
 * unless it is impossible; no row holds a forbidden tuple. The same problem
 * gives the same rows. How few is not promised; that everything possible is
 * covered is. It is done within a bounded amount of work: a few milliseconds
 * for small problems, a second for large ones, some seconds at the limits.
 *
 * Throws a RangeError that says what is wrong when the problem cannot be worked
 * on: fewer axes than the strength, an axis without values, too many axes or
 * tuples, a seed that is forbidden.
 */
export function coveringArray(problem: CoveringProblem): CoveringArray {
  assertProblem(problem);
  const { levels, strength } = problem;
  const forbidden = new ForbiddenTuples(levels, problem.forbidden ?? []);
  const seeds = distinctRows(problem.seeds ?? []);
  for (const [index, seed] of seeds.entries()) {
    if (forbidden.heldBy(seed) >= 0) throw new RangeError(`seed ${index} (${seed.join(", ")}) holds a forbidden tuple`);
  }
  const table = new TupleTable(levels, strength);
  const possible = possibleTuples(table, forbidden, seeds);
  const rowsMin = leastRows(table, possible, forbidden.tuples.length === 0);
  const work = { left: Math.min(SHRINK_WORK_MAX, Math.max(SHRINK_WORK_MIN, table.size * SHRINK_WORK_PER_TUPLE)) };
  const { coverage, rows } = firstRows(table, possible, forbidden, seeds, rowsMin);
  const smaller = shrinkRows(coverage, rows, {
    fixed: seeds.length,
    rowsMin,
    work,
    allows: (row, axis, value) => {
      work.left -= forbidden.having(axis, value).length * 4;
      return forbidden.allows(row, axis, value);
    },
    rowWith: (tuple) => possible.witness(tuple),
    random: seededRandom(table.size),
  });
  return {
    rows: smaller.map((row) => [...row]),
    impossible: possible.impossible,
    undecided: possible.undecided,
  };
}

/** Rows that cover everything: of a known array, or built for the problem, whichever are fewer. */
function firstRows(
  table: TupleTable,
  possible: PossibleTuples,
  forbidden: ForbiddenTuples,
  seeds: readonly Int32Array[],
  rowsMin: number,
): { readonly coverage: Coverage; readonly rows: readonly Int32Array[] } {
  const { levels, strength } = table;
  const free = forbidden.tuples.length === 0;
  const perfect = free && seeds.length === 0 ? knownArray(levels, strength, rowsMin) : null;
  const built = perfect ? null : completed(table, possible, forbidden, seeds);
  const known = perfect ?? (free && built ? knownArray(levels, strength, built.rows.length - 1) : null);
  if (!known) return built ?? completed(table, possible, forbidden, seeds);
  const random = seededRandom(known.length);
  // Values that an axis does not have stand for any of its values.
  const fitted = known.map((row) =>
    Int32Array.from(levels, (level, axis) => {
      const value = row[axis] ?? level;
      return value < level ? value : random(level);
    }),
  );
  const whole = completed(table, possible, forbidden, distinctRows([...seeds, ...fitted]));
  return built && built.rows.length <= whole.rows.length ? built : whole;
}

/** The given rows, and those that are built to cover what these leave out. */
function completed(
  table: TupleTable,
  possible: PossibleTuples,
  forbidden: ForbiddenTuples,
  given: readonly Int32Array[],
): { readonly coverage: Coverage; readonly rows: readonly Int32Array[] } {
  const coverage = new Coverage(table, possible.needless);
  for (const row of given) coverage.addRow(row);
  const builder = new RowBuilder(table.levels, forbidden);
  const built = buildRows(coverage, possible, builder, seededRandom(table.size));
  return { coverage, rows: [...given, ...built] };
}

/** A number of rows below which there is no array: each row holds one tuple of each subset of axes. */
function leastRows(table: TupleTable, possible: PossibleTuples, free: boolean): number {
  let most = 0;
  for (let subset = 0; subset < table.firsts.length - 1; subset += 1) {
    let count = 0;
    for (let tuple = table.firsts[subset] as number; tuple < (table.firsts[subset + 1] as number); tuple += 1) {
      if (possible.needless[tuple] === 0) count += 1;
    }
    most = Math.max(most, count);
  }
  // Axes with more than two values cannot do with fewer rows than axes with two.
  const several = table.levels.filter((level) => level > 1).length;
  return free && several > 1 ? Math.max(most, binaryRows(several)) : most;
}

function distinctRows(rows: readonly Row[]): Int32Array[] {
  const distinct = new Map<string, Int32Array>();
  for (const row of rows) {
    const copy = Int32Array.from(row);
    const key = copy.join();
    if (!distinct.has(key)) distinct.set(key, copy);
  }
  return [...distinct.values()];
}
