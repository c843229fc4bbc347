import type { Coverage } from "./coverage.ts";
import type { Random } from "./random.ts";

/** How many steps a value that was changed stays as it is. */
const TABU_STEPS = 4;
/** Of so many steps one takes no heed of what it costs, on average. */
const WILD_ONE_IN = 1_000;

/** What may be changed, and how much may be done. */
export interface ShrinkLimits {
  /** The first rows, which stay. */
  readonly fixed: number;
  /** Fewer rows are not looked for. */
  readonly rowsMin: number;
  /** Tuples that may be looked at; used up. */
  readonly work: { left: number };
  /** Whether a row may take this value. */
  readonly allows: (row: Int32Array, axis: number, value: number) => boolean;
  /** A row that may be there and holds this tuple; for steps where no single change does. */
  readonly rowWith: (tuple: number) => Int32Array;
  readonly random: Random;
}

/**
 * Takes rows away one by one, each time changing values of the others until
 * no tuple is missing again, for as long as the work lasts. The rows are
 * changed, and the coverage with them; the result covers everything.
 *
 * Source: J. Lin and others, "TCA: an efficient two-mode meta-heuristic
 * algorithm for combinatorial test generation", ASE 2015.
 */
export function shrinkRows(coverage: Coverage, rows: readonly Int32Array[], limits: ShrinkLimits): Int32Array[] {
  let best = rows.map((row) => row.slice());
  const left = [...rows];
  while (left.length > Math.max(limits.rowsMin, limits.fixed) && limits.work.left > 0) {
    const least = leastNeeded(coverage, left, limits);
    if (least < 0) break;
    coverage.removeRow(left[least] as Int32Array);
    left.splice(least, 1);
    if (!repairRows(coverage, left, limits)) break;
    best = left.map((row) => row.slice());
    limits.work.left -= left.length * 32;
  }
  return best;
}

/** The row, not fixed, without which the fewest tuples would be missing, or −1. */
function leastNeeded(coverage: Coverage, rows: readonly Int32Array[], { fixed, work }: ShrinkLimits): number {
  let least = -1;
  let leastNeeds = Infinity;
  for (let index = fixed; index < rows.length; index += 1) {
    const needs = coverage.neededBy(rows[index] as Int32Array);
    work.left -= coverage.table.firsts.length;
    if (needs >= leastNeeds) continue;
    least = index;
    leastNeeds = needs;
  }
  return least;
}

/** Changes values until no tuple is missing. False: the work ended first. */
function repairRows(coverage: Coverage, rows: readonly Int32Array[], limits: ShrinkLimits): boolean {
  const axes = coverage.table.levels.length;
  if (rows.length === limits.fixed) return coverage.missing === 0;
  // The step from which each value may be changed again.
  const free = new Int32Array(rows.length * axes);
  for (let step = 1; coverage.missing > 0; step += 1) {
    if (limits.work.left <= 0) return false;
    limits.work.left -= rows.length * 8;
    const tuple = coverage.missingAt(limits.random(coverage.missing));
    const wild = limits.random(WILD_ONE_IN) === 0;
    const change = wild ? null : bestChange(coverage, rows, tuple, limits, free, step);
    if (change) {
      coverage.change(rows[change.index] as Int32Array, change.axis, change.value);
      free[change.index * axes + change.axis] = step + 1 + TABU_STEPS;
    } else {
      replaceRow(coverage, rows, tuple, limits);
    }
  }
  return true;
}

interface Change {
  readonly index: number;
  readonly axis: number;
  readonly value: number;
}

/** Of the single changes that put a missing tuple into some row, the one after which the fewest are missing. */
function bestChange(
  coverage: Coverage,
  rows: readonly Int32Array[],
  tuple: number,
  limits: ShrinkLimits,
  free: Int32Array,
  step: number,
): Change | null {
  const { table } = coverage;
  const wanted = table.placesOf(tuple);
  let best: Change | null = null;
  let bestGain = -Infinity;
  let ties = 0;
  for (let index = limits.fixed; index < rows.length; index += 1) {
    const row = rows[index] as Int32Array;
    // The one axis that keeps the row from holding the tuple.
    let differing = -1;
    let apart = 0;
    for (let place = 0; place < wanted.length; place += 2) {
      if (row[wanted[place] as number] === wanted[place + 1]) continue;
      apart += 1;
      differing = place;
    }
    if (apart !== 1) continue;
    const axis = wanted[differing] as number;
    const value = wanted[differing + 1] as number;
    if ((free[index * table.levels.length + axis] as number) > step || !limits.allows(row, axis, value)) continue;
    const gain = coverage.gainOf(row, axis, value);
    limits.work.left -= (table.ofAxis[axis] as Int32Array).length;
    ties = gain > bestGain ? 1 : gain === bestGain ? ties + 1 : ties;
    if (gain > bestGain || (gain === bestGain && limits.random(ties) === 0)) {
      bestGain = gain;
      best = { index, axis, value };
    }
  }
  return best;
}

/** Puts a missing tuple into some row, whatever that costs: change by change if these are allowed, else all at once. */
function replaceRow(coverage: Coverage, rows: readonly Int32Array[], tuple: number, limits: ShrinkLimits): void {
  const { table } = coverage;
  const row = rows[limits.fixed + limits.random(rows.length - limits.fixed)] as Int32Array;
  const wanted = table.placesOf(tuple);
  for (let place = 0; place < wanted.length; place += 2) {
    const axis = wanted[place] as number;
    const value = wanted[place + 1] as number;
    if (row[axis] === value) continue;
    if (!limits.allows(row, axis, value)) {
      coverage.removeRow(row);
      row.set(limits.rowWith(tuple));
      coverage.addRow(row);
      limits.work.left -= table.firsts.length * 4;
      return;
    }
    coverage.change(row, axis, value);
    limits.work.left -= (table.ofAxis[axis] as Int32Array).length;
  }
}
