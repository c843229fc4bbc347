import type { Assignment } from "./covering-problem.ts";

/** The forbidden tuples of a problem, in an order of their own: what follows from them does not depend on how they were listed. */
export class ForbiddenTuples {
  /** For each forbidden tuple its assignments, by ascending axis. A tuple without any forbids every row. */
  readonly tuples: readonly (readonly Assignment[])[];
  /** For each axis and value, the tuples (by index) that have it. */
  readonly #having: readonly (readonly (readonly number[])[])[];

  constructor(levels: readonly number[], listed: readonly (readonly Assignment[])[]) {
    const unique = new Map<string, readonly Assignment[]>();
    for (const assignments of listed) {
      const values = new Map(assignments.map(({ axis, value }) => [axis, value]));
      // A tuple that asks two values of one axis forbids nothing.
      if (assignments.some(({ axis, value }) => values.get(axis) !== value)) continue;
      const tuple = [...values].map(([axis, value]) => ({ axis, value })).toSorted((a, b) => a.axis - b.axis);
      unique.set(tuple.map(({ axis, value }) => `${axis}=${value}`).join(), tuple);
    }
    this.tuples = [...unique.keys()].toSorted().map((key) => unique.get(key) ?? []);
    const having: number[][][] = levels.map((level) => Array.from({ length: level }, () => []));
    for (const [index, tuple] of this.tuples.entries()) {
      for (const { axis, value } of tuple) having[axis]?.[value]?.push(index);
    }
    this.#having = having;
  }

  /** The forbidden tuples, by index, that have this value of this axis. */
  having(axis: number, value: number): readonly number[] {
    return this.#having[axis]?.[value] ?? [];
  }

  /** Whether no forbidden tuple with this value of this axis is in the row, were its value this one. */
  allows(row: Int32Array, axis: number, value: number): boolean {
    for (const index of this.having(axis, value)) {
      const tuple = this.tuples[index] ?? [];
      if (tuple.every((one) => one.axis === axis || row[one.axis] === one.value)) return false;
    }
    return true;
  }

  /** The index of a forbidden tuple that the complete row holds, or −1. */
  heldBy(row: ArrayLike<number>): number {
    return this.tuples.findIndex((tuple) => tuple.every(({ axis, value }) => row[axis] === value));
  }
}
