import { testHolds, type Entry } from "./condition.ts";

/** An axis of a product: a name that no other axis of it has, and different values. */
export interface ProductAxis {
  readonly name: string;
  readonly values: readonly string[];
}

/** Numbers of entries as bits, 32 to a word. */
export type EntrySet = Uint32Array;

/**
 * For each axis and value, which entries a combination with that value can still
 * match. The entries that a combination does match are the intersection over its
 * values, so a walk of the product that keeps the intersection of every prefix
 * asks each question once for each value, and not once for each combination.
 */
export interface EntrySets {
  readonly words: number;
  /** Before any axis is looked at. */
  readonly all: EntrySet;
  /** By axis, by value. */
  readonly byValue: readonly (readonly EntrySet[])[];
}

/** What an entry says of other axes is not judged: `considered` says which entries may match at all. */
export function entrySets<E extends Entry>(
  axes: readonly ProductAxis[],
  entries: readonly E[],
  considered: (entry: E) => boolean,
): EntrySets {
  const words = Math.ceil(entries.length / 32);
  const setOf = (isIn: (entry: E) => boolean): EntrySet => {
    const set = new Uint32Array(words);
    for (const [at, entry] of entries.entries()) if (isIn(entry)) add(set, at);
    return set;
  };
  return {
    words,
    all: setOf(considered),
    byValue: axes.map(({ name, values }) => values.map((value) => setOf((entry) => accepts(entry, name, value)))),
  };
}

function accepts({ values, when }: Entry, axis: string, value: string): boolean {
  const wanted = values[axis];
  const test = when?.[axis];
  return (wanted === undefined || wanted === value) && (test === undefined || testHolds(test, axis, value));
}

function add(set: EntrySet, at: number): void {
  set[at >>> 5] = (set[at >>> 5] ?? 0) | (1 << (at & 31));
}

/** `into` becomes what is in both; true when that is anything. */
export function intersect(into: EntrySet, a: EntrySet, b: EntrySet): boolean {
  let any = 0;
  for (let word = 0; word < into.length; word += 1) {
    const both = (a[word] ?? 0) & (b[word] ?? 0);
    into[word] = both;
    any |= both;
  }
  return any !== 0;
}

/** The numbers in a set, lowest first. */
export function numbersIn(set: EntrySet): readonly number[] {
  const numbers: number[] = [];
  for (let word = 0; word < set.length; word += 1) {
    for (let bits = set[word] ?? 0; bits !== 0; bits &= bits - 1) numbers.push(word * 32 + lowestBit(bits));
  }
  return numbers;
}

/** The lowest number in a set that is not empty. */
export function lowestIn(set: EntrySet): number {
  const word = set.findIndex((bits) => bits !== 0);
  return word * 32 + lowestBit(set[word] ?? 0);
}

function lowestBit(bits: number): number {
  return 31 - Math.clz32(bits & -bits);
}
