import fc from "fast-check";

const JUNK = [
  "",
  "0",
  "-1",
  "null",
  "NaN",
  '""',
  '"n/a"',
  "n/a",
  "{}",
  "[]",
  ",",
  '"',
  "\n",
  "1e999",
  "Infinity",
  "\u0000",
  "é",
  "==PROF== x\n",
  "0.0",
  ";",
] as const;

/** One damaged version of a text: cut, a piece lost or doubled, a number or a piece replaced by what tools write when they have none. */
export function mutated(text: string): fc.Arbitrary<string> {
  const numbers = [...text.matchAll(/-?\d+(?:[.,]\d+)*(?:[eE][+-]?\d+)?/gu)];
  const at = fc.nat(text.length);
  const junk = fc.constantFrom(...JUNK);
  return fc.oneof(
    at.map((end) => text.slice(0, end)),
    fc
      .tuple(at, fc.integer({ min: 1, max: 80 }))
      .map(([from, length]) => text.slice(0, from) + text.slice(from + length)),
    fc
      .tuple(at, fc.integer({ min: 1, max: 200 }))
      .map(([from, length]) => text.slice(0, from + length) + text.slice(from)),
    fc.tuple(at, junk).map(([from, piece]) => text.slice(0, from) + piece + text.slice(from)),
    fc.tuple(at, junk).map(([from, piece]) => text.slice(0, from) + piece + text.slice(from + 1)),
    fc.tuple(fc.constantFrom(...numbers), junk).map(([number, piece]) => {
      const end = number.index + number[0].length;
      return text.slice(0, number.index) + piece + text.slice(end);
    }),
  );
}
