import type { ForbiddenTuples } from "./forbidden-tuples.ts";
import type { Random } from "./random.ts";

/** What came of a search: a complete row, the proof that there is none, or the end of the allowed work. */
export type Completion = "complete" | "impossible" | "given-up";

// What can be taken back, in the low two bits of an entry of the trail.
const ASSIGNED = 0;
const MATCHED = 1;
const REMOVED = 2;

/**
 * A row under construction. Each value that is set is carried through the
 * forbidden tuples: a tuple that lacks one assignment removes that value, and
 * an axis with one value left gets it. So most dead ends are seen at once, and
 * `complete` proves the rest by search.
 */
export class RowBuilder {
  /** The values set so far; −1 for an open axis. */
  readonly row: Int32Array;
  /** How much was done since the builder was made: values set and forbidden tuples looked at. */
  work = 0;
  readonly #levels: readonly number[];
  readonly #forbidden: ForbiddenTuples;
  /** Where each axis' values start in `#removed`. */
  readonly #offsets: Int32Array;
  /** The axis of each entry of `#removed`. */
  readonly #axes: Int32Array;
  readonly #removed: Uint8Array;
  readonly #left: Int32Array;
  /** How many assignments of each forbidden tuple the row has. */
  readonly #matched: Int32Array;
  readonly #trail: number[] = [];
  /** Axes with a value that some forbidden tuple has: the others can take any value. */
  readonly #bound: readonly number[];
  #contradictory = false;

  constructor(levels: readonly number[], forbidden: ForbiddenTuples) {
    this.#levels = levels;
    this.#forbidden = forbidden;
    this.row = new Int32Array(levels.length).fill(-1);
    this.#left = Int32Array.from(levels);
    this.#offsets = new Int32Array(levels.length);
    let offset = 0;
    for (const [axis, level] of levels.entries()) {
      this.#offsets[axis] = offset;
      offset += level;
    }
    this.#removed = new Uint8Array(offset);
    this.#axes = Int32Array.from(levels.flatMap((level, axis) => Array.from({ length: level }, () => axis)));
    this.#matched = new Int32Array(forbidden.tuples.length);
    this.#bound = [...new Set(forbidden.tuples.flatMap((tuple) => tuple.map(({ axis }) => axis)))].toSorted(
      (a, b) => a - b,
    );
    const forced: number[] = [];
    for (const tuple of forbidden.tuples) {
      const [only, second] = tuple;
      if (!only) this.#contradictory = true;
      else if (!second && !this.#remove(only.axis, only.value, forced)) this.#contradictory = true;
    }
    for (const [axis, level] of levels.entries()) if (level === 1) forced.push(axis, 0);
    if (!this.#contradictory && !this.#carry(forced)) this.#contradictory = true;
  }

  /** Whether a forbidden tuple is found in every row without any search. */
  get contradictory(): boolean {
    return this.#contradictory;
  }

  /** A point to come back to with `undo`. */
  mark(): number {
    return this.#trail.length;
  }

  undo(mark: number): void {
    while (this.#trail.length > mark) {
      const entry = this.#trail.pop() ?? 0;
      const what = entry >> 2;
      if ((entry & 3) === ASSIGNED) this.row[what] = -1;
      else if ((entry & 3) === MATCHED) this.#matched[what] = (this.#matched[what] as number) - 1;
      else {
        this.#removed[what] = 0;
        const axis = this.#axes[what] as number;
        this.#left[axis] = (this.#left[axis] as number) + 1;
      }
    }
  }

  /** Whether an open axis may still take this value, as far as is known without search. */
  isOpen(axis: number, value: number): boolean {
    return this.#removed[(this.#offsets[axis] as number) + value] === 0;
  }

  /** Sets a value and carries it on. False: that cannot be, and the caller has to `undo`. */
  set(axis: number, value: number): boolean {
    return !this.#contradictory && this.#carry([axis, value]);
  }

  /**
   * Sets what is open so that no forbidden tuple is in the row; axes that no
   * forbidden tuple names stay open. Gives up once `work` is past `workMax`.
   * Unless complete, the caller has to `undo`.
   */
  complete(workMax: number, random: Random): Completion {
    if (this.#contradictory) return "impossible";
    const axis = this.#tightest();
    if (axis < 0) return "complete";
    const level = this.#levels[axis] as number;
    const from = random(level);
    let result: Completion = "impossible";
    for (let step = 0; step < level; step += 1) {
      const value = (from + step) % level;
      if (!this.isOpen(axis, value)) continue;
      if (this.work > workMax) return "given-up";
      const mark = this.mark();
      if (this.set(axis, value)) {
        const inner = this.complete(workMax, random);
        if (inner === "complete") return inner;
        if (inner === "given-up") result = inner;
      }
      this.undo(mark);
      if (result === "given-up") return result;
    }
    return result;
  }

  /** The open axis of a forbidden tuple with the fewest values left, or −1. */
  #tightest(): number {
    let best = -1;
    for (const axis of this.#bound) {
      if (this.row[axis] !== -1) continue;
      if (best < 0 || (this.#left[axis] as number) < (this.#left[best] as number)) best = axis;
    }
    return best;
  }

  /** Sets the axes and values of the queue and what follows from them. False at a contradiction. */
  #carry(queue: number[]): boolean {
    for (let at = 0; at < queue.length; at += 2) {
      const axis = queue[at] as number;
      const value = queue[at + 1] as number;
      if (this.row[axis] === value) continue;
      if (this.row[axis] !== -1 || !this.isOpen(axis, value)) return false;
      this.row[axis] = value;
      this.#trail.push((axis << 2) | ASSIGNED);
      this.work += 1;
      for (const index of this.#forbidden.having(axis, value)) {
        this.work += 1;
        if (!this.#match(index, queue)) return false;
      }
    }
    return true;
  }

  /** Notes that the row has one more assignment of a forbidden tuple. */
  #match(index: number, queue: number[]): boolean {
    const tuple = this.#forbidden.tuples[index] ?? [];
    const matched = (this.#matched[index] as number) + 1;
    this.#matched[index] = matched;
    this.#trail.push((index << 2) | MATCHED);
    if (matched === tuple.length) return false;
    if (matched < tuple.length - 1) return true;
    const last = tuple.find(({ axis, value }) => this.row[axis] !== value);
    return !last || this.row[last.axis] !== -1 || this.#remove(last.axis, last.value, queue);
  }

  #remove(axis: number, value: number, queue: number[]): boolean {
    const place = (this.#offsets[axis] as number) + value;
    if (this.#removed[place] === 1) return true;
    this.#removed[place] = 1;
    this.#trail.push((place << 2) | REMOVED);
    const left = (this.#left[axis] as number) - 1;
    this.#left[axis] = left;
    if (left === 1) {
      for (let other = 0; ; other += 1) {
        if (this.isOpen(axis, other)) {
          queue.push(axis, other);
          break;
        }
      }
    }
    return left > 0;
  }
}
