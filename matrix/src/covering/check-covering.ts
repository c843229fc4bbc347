// Shares no code with what makes the arrays: it looks at every tuple by itself.
import type { Assignment, CoveringProblem, Row } from "./covering-problem.ts";

/** Values that are tried to decide whether one uncovered tuple is impossible, and for all of them together. */
const VALUES_PER_TUPLE_MAX = 5_000;
const VALUES_MAX = 500_000;

/** What is wrong with an array, and what could not be decided. Nothing is wrong when all lists are empty. */
export interface CoveringReport {
  /** Tuples that are in no row of the array, although some allowed row holds them. */
  readonly missing: readonly (readonly Assignment[])[];
  /** Tuples that are in no row of the array, and that no allowed row can hold. */
  readonly impossible: number;
  /** Tuples that are in no row of the array; it would take too long to find out whether any could hold them. */
  readonly undecided: readonly (readonly Assignment[])[];
  /** Rows, by index, with a forbidden tuple that they hold. */
  readonly forbiddenRows: readonly { readonly row: number; readonly forbidden: readonly Assignment[] }[];
  /** Rows, by index, that have not one value for each axis. */
  readonly brokenRows: readonly number[];
  /** Seeds, by index, that are not in the array. */
  readonly absentSeeds: readonly number[];
}

/**
 * Checks an array against its problem by brute force: every tuple is looked
 * for, and for one that is in no row all rows that could hold it are tried.
 * Tuples that are in a broken or forbidden row only count as uncovered.
 */
export function checkCovering(problem: CoveringProblem, rows: readonly Row[]): CoveringReport {
  const { levels, strength, forbidden = [], seeds = [] } = problem;
  const brokenRows = indexesOf(rows, (row) => !isRow(row, levels));
  const forbiddenRows = rows.flatMap((row, index) => {
    const held = forbidden.find((tuple) => holds(row, tuple));
    return held ? [{ row: index, forbidden: held }] : [];
  });
  const good = rows.filter((row) => isRow(row, levels) && !forbidden.some((tuple) => holds(row, tuple)));
  const missing: (readonly Assignment[])[] = [];
  const undecided: (readonly Assignment[])[] = [];
  let impossible = 0;
  const tries = { left: VALUES_MAX };
  for (const axes of choices(levels.length, strength)) {
    const seen = new Set(good.map((row) => axes.map((axis) => row[axis]).join()));
    for (const values of product(axes.map((axis) => levels[axis] ?? 0))) {
      if (seen.has(values.join())) continue;
      const tuple = axes.map((axis, place) => ({ axis, value: values[place] ?? 0 }));
      const answer = canBe(tuple, levels, forbidden, tries);
      if (answer === "yes") missing.push(tuple);
      else if (answer === "no") impossible += 1;
      else undecided.push(tuple);
    }
  }
  const absentSeeds = indexesOf(seeds, (seed) => !rows.some((row) => isSame(row, seed)));
  return { missing, impossible, undecided, forbiddenRows, brokenRows, absentSeeds };
}

/** Whether some row holds the tuple and no forbidden one: tries every value of every axis that these name. */
function canBe(
  tuple: readonly Assignment[],
  levels: readonly number[],
  forbidden: readonly (readonly Assignment[])[],
  tries: { left: number },
): "yes" | "no" | "too-long" {
  const row = levels.map(() => -1);
  for (const { axis, value } of tuple) row[axis] = value;
  const named = [...new Set(forbidden.flatMap((one) => one.map(({ axis }) => axis)))];
  const open = named.filter((axis) => row[axis] === -1);
  let left = Math.min(tries.left, VALUES_PER_TUPLE_MAX);
  const complete = (place: number): "yes" | "no" | "too-long" => {
    if (forbidden.some((one) => holds(row, one))) return "no";
    const axis = open[place];
    if (axis === undefined) return "yes";
    for (let value = 0; value < (levels[axis] ?? 0); value += 1) {
      if (left === 0) return "too-long";
      left -= 1;
      tries.left -= 1;
      row[axis] = value;
      const answer = complete(place + 1);
      if (answer !== "no") return answer;
    }
    row[axis] = -1;
    return "no";
  };
  return complete(0);
}

function holds(row: Row, tuple: readonly Assignment[]): boolean {
  return tuple.every(({ axis, value }) => row[axis] === value);
}

function isRow(row: Row, levels: readonly number[]): boolean {
  const isValue = (value: number | undefined, level: number): boolean =>
    value !== undefined && Number.isInteger(value) && value >= 0 && value < level;
  return row.length === levels.length && levels.every((level, axis) => isValue(row[axis], level));
}

function isSame(one: Row, other: Row): boolean {
  return one.length === other.length && Array.from(one).every((value, axis) => value === other[axis]);
}

function indexesOf<T>(items: readonly T[], is: (item: T) => boolean): number[] {
  return items.flatMap((item, index) => (is(item) ? [index] : []));
}

/** Every choice of `count` of the numbers from `from` to `end` − 1, ascending. */
function* choices(end: number, count: number, from = 0): Generator<readonly number[]> {
  if (count === 0) yield [];
  else
    for (let first = from; first < end; first += 1)
      for (const rest of choices(end, count - 1, first + 1)) yield [first, ...rest];
}

/** Every combination of numbers below the given ones. */
function* product(ends: readonly number[]): Generator<readonly number[]> {
  const values = ends.map(() => 0);
  if (ends.includes(0)) return;
  for (;;) {
    yield values;
    let place = ends.length - 1;
    while (place >= 0 && values[place] === (ends[place] ?? 0) - 1) {
      values[place] = 0;
      place -= 1;
    }
    if (place < 0) return;
    values[place] = (values[place] ?? 0) + 1;
  }
}
