import type { CellTable } from "../plan/cell-table.ts";

/**
 * For each row of `left`, in their order, the row of `planned` that has the
 * most axis values in common with it; the first of equals.
 *
 * Counts of common values are kept for each number of leading axes: rows that
 * follow each other in the order of the plan differ in the last axes only, so
 * that few of the counts are made anew. Several counts share a word and are
 * added and compared at once.
 */
export function nearestPlanned(
  table: CellTable,
  planned: readonly number[],
  left: readonly number[],
): readonly number[] {
  if (left.length === 0) return [];
  const { codes } = table;
  const width = table.axes.length;
  const lanes = width <= NARROW.most ? NARROW : WIDE;
  const matching = table.axes.map((_, column) => matchingLanes(table, planned, column, lanes));
  const counts = Array.from({ length: width + 1 }, () => lanesFor(planned.length, lanes));
  let valid = 0;
  let before = -1;
  return left.map((row) => {
    if (before >= 0) {
      let same = 0;
      while (same < valid && codes[row * width + same] === codes[before * width + same]) same += 1;
      valid = same;
    }
    for (; valid < width; valid += 1) {
      const matches = matching[valid]?.get(codes[row * width + valid] ?? -1);
      addLanes(counts[valid]?.words, matches?.words, counts[valid + 1]?.words);
    }
    before = row;
    return planned[firstOfMost(counts[width], lanes)] ?? row;
  });
}

/** How counts share a word: they stay below the sign bit of their lane. */
interface LaneSize {
  readonly bytes: 1 | 2;
  /** Largest count. */
  readonly most: number;
  /** One in each lane. */
  readonly ones: number;
  /** The highest bit of each lane. */
  readonly signs: number;
}

const NARROW: LaneSize = { bytes: 1, most: 0x7e, ones: 0x01010101, signs: 0x80808080 };
const WIDE: LaneSize = { bytes: 2, most: 0x7ffe, ones: 0x00010001, signs: 0x80008000 };

interface Lanes {
  readonly words: Int32Array;
  /** The same memory, one element for each planned row. */
  readonly each: Uint8Array | Uint16Array;
}

function lanesFor(count: number, { bytes }: LaneSize): Lanes {
  const words = new Int32Array(Math.ceil((count * bytes) / 4));
  return { words, each: bytes === 1 ? new Uint8Array(words.buffer) : new Uint16Array(words.buffer) };
}

/** For each value of a column, by its code: one in the lanes of the planned rows that have it. */
function matchingLanes(
  table: CellTable,
  planned: readonly number[],
  column: number,
  size: LaneSize,
): ReadonlyMap<number, Lanes> {
  const byCode = new Map<number, Lanes>();
  for (const [at, row] of planned.entries()) {
    const code = table.codes[row * table.axes.length + column] ?? -1;
    let lanes = byCode.get(code);
    if (!lanes) byCode.set(code, (lanes = lanesFor(planned.length, size)));
    lanes.each[at] = 1;
  }
  return byCode;
}

/** `matches` undefined: no planned row has the value. */
function addLanes(from: Int32Array | undefined, matches: Int32Array | undefined, to: Int32Array | undefined): void {
  if (!from || !to) return;
  if (matches) for (let at = 0; at < to.length; at += 1) to[at] = (from[at] ?? 0) + (matches[at] ?? 0);
  else to.set(from);
}

/** Looks into a word only when one of its lanes has more than the most so far. */
function firstOfMost(counts: Lanes | undefined, { bytes, most: largest, ones, signs }: LaneSize): number {
  if (!counts) return 0;
  const { words, each } = counts;
  const lanesInWord = 4 / bytes;
  let best = 0;
  let most = each[0] ?? 0;
  // Added to a lane, this sets its sign exactly when it has more than `most`.
  let beyond = (largest + 1 - most) * ones;
  for (let word = 0; word < words.length; word += 1) {
    if (((((words[word] ?? 0) + beyond) | 0) & signs) === 0) continue;
    for (let at = word * lanesInWord; at < (word + 1) * lanesInWord; at += 1) {
      if ((each[at] ?? 0) > most) [best, most] = [at, each[at] ?? 0];
    }
    beyond = (largest + 1 - most) * ones;
  }
  return best;
}
