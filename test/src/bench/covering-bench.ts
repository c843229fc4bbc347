import { COVERING_MARKS, coveringArray, type CoveringMark } from "@kiln/matrix";

/** What one mark took. That its array covers everything is what the tests of matrix show. */
export interface CoveringCost {
  readonly mark: CoveringMark;
  readonly rows: number;
  readonly ms: number;
}

/** Each mark once, in turn: the first ones pay for warming up, as a command that makes one array does. */
export function measureCoverings(): readonly CoveringCost[] {
  return COVERING_MARKS.map((mark) => {
    const startedMs = performance.now();
    const { rows } = coveringArray(mark);
    return { mark, rows: rows.length, ms: performance.now() - startedMs };
  });
}
