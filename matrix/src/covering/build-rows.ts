import type { Coverage } from "./coverage.ts";
import { setTuple, type PossibleTuples } from "./possible-tuples.ts";
import type { Random } from "./random.ts";
import type { RowBuilder } from "./row-builder.ts";

/** Rows that are tried for each that is taken. */
const TRIES = 8;
/** About how many tuples are looked at in all: large problems try fewer rows. */
const LOOKS_MAX = 40_000_000;

/**
 * Adds rows until no tuple is missing, each the best of a few that were built
 * one value at a time, taking the value that covers most.
 * Source: D. M. Cohen and others, "The AETG system", IEEE Transactions on Software Engineering 23 (1997).
 */
export function buildRows(
  coverage: Coverage,
  possible: PossibleTuples,
  builder: RowBuilder,
  random: Random,
): Int32Array[] {
  const rows: Int32Array[] = [];
  let looks = 0;
  while (coverage.missing > 0) {
    let best: Int32Array | null = null;
    let bestNew = 0;
    const tries = looks < LOOKS_MAX ? TRIES : 1;
    for (let attempt = 0; attempt < tries; attempt += 1) {
      const row = buildRow(coverage, possible, builder, random);
      const covered = coverage.newIn(row);
      if (covered > bestNew) {
        best = row;
        bestNew = covered;
      }
    }
    looks += tries * coverage.table.size;
    if (!best) throw new Error("a row that was built for a missing tuple does not hold it");
    coverage.addRow(best);
    rows.push(best);
  }
  return rows;
}

/** A row with some missing tuple, and with as many others as fit. */
function buildRow(coverage: Coverage, possible: PossibleTuples, builder: RowBuilder, random: Random): Int32Array {
  const { table } = coverage;
  const tuple = coverage.missingAt(random(coverage.missing));
  const mark = builder.mark();
  let whole = setTuple(builder, table, tuple);
  if (whole) {
    for (const axis of shuffled(table.levels.length, random)) {
      if (builder.row[axis] === -1 && !setBestValue(coverage, builder, axis, random)) {
        // A dead end: there is a row for this tuple, and it is known.
        whole = false;
        break;
      }
    }
  }
  const row = Int32Array.from(whole ? builder.row : possible.witness(tuple));
  builder.undo(mark);
  return row;
}

/** Sets the value that makes most missing tuples, or the next best that is allowed. */
function setBestValue(coverage: Coverage, builder: RowBuilder, axis: number, random: Random): boolean {
  const level = coverage.table.levels[axis] as number;
  const gains = new Int32Array(level);
  coverage.gainsOf(builder.row, axis, gains);
  for (let tried = 0; tried < level; tried += 1) {
    let best = -1;
    let ties = 0;
    for (let value = 0; value < level; value += 1) {
      const gain = gains[value] as number;
      if (gain < 0 || !builder.isOpen(axis, value)) continue;
      const ahead = best < 0 ? 1 : gain - (gains[best] as number);
      ties = ahead > 0 ? 1 : ahead === 0 ? ties + 1 : ties;
      if (ahead > 0 || (ahead === 0 && random(ties) === 0)) best = value;
    }
    if (best < 0) return false;
    const mark = builder.mark();
    if (builder.set(axis, best)) return true;
    builder.undo(mark);
    gains[best] = -1;
  }
  return false;
}

function shuffled(count: number, random: Random): number[] {
  const order = Array.from({ length: count }, (_, index) => index);
  for (let at = count - 1; at > 0; at -= 1) {
    const other = random(at + 1);
    const kept = order[at] as number;
    order[at] = order[other] as number;
    order[other] = kept;
  }
  return order;
}
