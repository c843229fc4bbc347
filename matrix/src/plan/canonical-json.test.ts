import fc from "fast-check";
import { expect, test } from "vitest";
import { canonicalJson, sortedRecord, type CanonicalValue } from "./canonical-json.ts";

test("keys are sorted at every depth and lists keep their order", () => {
  expect(canonicalJson({ b: [{ d: 1, c: null }, "x"], a: true })).toBe('{"a":true,"b":[{"c":null,"d":1},"x"]}');
});

test("a key such as __proto__ or constructor is kept", () => {
  const record = Object.fromEntries([
    ["constructor", "b"],
    ["__proto__", "a"],
  ]);
  expect(canonicalJson(record)).toBe('{"__proto__":"a","constructor":"b"}');
  expect(JSON.stringify(sortedRecord(record))).toBe('{"__proto__":"a","constructor":"b"}');
});

const value = fc.letrec<{ value: CanonicalValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.string(),
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(fc.string(), tie("value"), { maxKeys: 4 }),
  ),
})).value;

function reversed(of: CanonicalValue): CanonicalValue {
  if (Array.isArray(of)) return of.map(reversed);
  if (typeof of !== "object" || of === null) return of;
  return Object.fromEntries(
    Object.entries(of)
      .toReversed()
      .map(([key, inner]) => [key, reversed(inner)]),
  );
}

test("it is JSON of the same value, whatever the order of keys", () => {
  fc.assert(
    fc.property(value, (any) => {
      expect(JSON.parse(canonicalJson(any))).toEqual(JSON.parse(JSON.stringify(any)));
      expect(canonicalJson(reversed(any))).toBe(canonicalJson(any));
    }),
  );
});
