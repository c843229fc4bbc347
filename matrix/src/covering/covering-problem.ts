/** One row of an array: the value's index for each axis. */
export type Row = Readonly<ArrayLike<number>>;

/** One axis with one of its values, both by index. */
export interface Assignment {
  readonly axis: number;
  readonly value: number;
}

/** What a covering array is asked for. */
export interface CoveringProblem {
  /** How many values each axis has. */
  readonly levels: readonly number[];
  /** Every combination of values of so many axes has to be in some row. */
  readonly strength: 2 | 3;
  /** No row may hold all assignments of any of these. Their order says nothing. */
  readonly forbidden?: readonly (readonly Assignment[])[];
  /** Rows that the array has to contain; they come first, in this order, each once. */
  readonly seeds?: readonly Row[];
}

/** The most axes of a problem. */
const COVERING_AXES_MAX = 500;
/** The most tuples (combinations of values of `strength` axes) of a problem. */
const COVERING_TUPLES_MAX = 2_000_000;

/** How many tuples there are to cover, the impossible ones included. */
export function countTuples(levels: readonly number[], strength: number): number {
  // Elementary symmetric polynomials: sums[t] is the sum of the products of t levels.
  const sums = [1, ...Array.from({ length: strength }, () => 0)];
  for (const level of levels) {
    for (let t = strength; t > 0; t -= 1) sums[t] = (sums[t] ?? 0) + level * (sums[t - 1] ?? 0);
  }
  return sums[strength] ?? 0;
}

/** Throws a RangeError that says what is wrong, unless the axes can be worked with. */
export function assertLevels(levels: readonly number[], strength: number): void {
  if (strength !== 2 && strength !== 3) throw new RangeError(`strength is ${strength}: it must be 2 or 3`);
  for (const [axis, level] of levels.entries()) {
    if (!Number.isSafeInteger(level) || level < 1) {
      throw new RangeError(`axis ${axis} has ${level} values: it must have 1 or more`);
    }
  }
}

/** Throws a RangeError that says what is wrong, unless the row (called `kind` and `index`) has one value for each axis. */
export function assertRow(row: Row, levels: readonly number[], kind: string, index: number): void {
  if (row.length !== levels.length) {
    throw new RangeError(`${kind} ${index} has ${row.length} values for ${levels.length} axes`);
  }
  for (let axis = 0; axis < levels.length; axis += 1) {
    const value = row[axis] as number;
    const level = levels[axis] as number;
    if (!Number.isInteger(value) || value < 0 || value >= level) {
      throw new RangeError(`${kind} ${index} has value ${value} for axis ${axis}, which has ${level} values`);
    }
  }
}

/** Throws a RangeError that says what is wrong, unless the problem can be worked on. */
export function assertProblem({ levels, strength, forbidden = [], seeds = [] }: CoveringProblem): void {
  assertLevels(levels, strength);
  if (levels.length < strength) {
    throw new RangeError(`strength ${strength} needs ${strength} axes or more: there are ${levels.length}`);
  }
  if (levels.length > COVERING_AXES_MAX) {
    throw new RangeError(`there are ${levels.length} axes: the limit is ${COVERING_AXES_MAX}`);
  }
  const tuples = countTuples(levels, strength);
  if (tuples > COVERING_TUPLES_MAX) {
    throw new RangeError(`there are ${tuples} tuples to cover: the limit is ${COVERING_TUPLES_MAX}`);
  }
  for (const [index, assignments] of forbidden.entries()) {
    for (const { axis, value } of assignments) {
      const level = levels[axis];
      if (level === undefined)
        throw new RangeError(`forbidden tuple ${index} names axis ${axis}, which does not exist`);
      if (!Number.isInteger(value) || value < 0 || value >= level) {
        throw new RangeError(
          `forbidden tuple ${index} names value ${value} of axis ${axis}, which has ${level} values`,
        );
      }
    }
  }
  for (const [index, seed] of seeds.entries()) assertRow(seed, levels, "seed", index);
}
