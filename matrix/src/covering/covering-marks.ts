/** A problem without forbidden tuples that covering arrays are measured by. */
export interface CoveringMark {
  /** The levels, "4^1 3^39 2^35": one axis with 4 values, 39 with 3, 35 with 2. */
  readonly name: string;
  readonly levels: readonly number[];
  readonly strength: 2 | 3;
  /** More rows than this are a defect. */
  readonly rowsMax: number;
  /** The fewest rows that we know of, by whatever means and time. */
  readonly rowsBest: number;
}

export function levelsOf(name: string): readonly number[] {
  return name.split(" ").flatMap((part) => {
    const [level, count] = part.split("^").map(Number);
    return Array.from({ length: count ?? 1 }, () => level ?? 0);
  });
}

function mark(name: string, strength: 2 | 3, rowsMax: number, rowsBest: number): CoveringMark {
  return { name, levels: levelsOf(name), strength, rowsMax, rowsBest };
}

/**
 * The problems that generators of test cases are usually compared by: the
 * first six are those for which PICT publishes its sizes (37, 27, 15 and 210
 * for the third to the sixth).
 */
export const COVERING_MARKS: readonly CoveringMark[] = [
  mark("3^4", 2, 9, 9),
  mark("3^13", 2, 17, 15),
  mark("4^15 3^17 2^29", 2, 34, 28),
  mark("4^1 3^39 2^35", 2, 26, 20),
  mark("2^100", 2, 14, 10),
  mark("10^20", 2, 190, 155),
  mark("4^10", 2, 29, 24),
  mark("5^10", 2, 43, 36),
  mark("5^6", 3, 200, 125),
];
