import { expect, test } from "vitest";
import { finiteField, primePowerFrom } from "./finite-field.ts";

test.each([2, 3, 4, 5, 7, 8, 9, 16, 25, 27])("GF(%i) is a field", (q) => {
  const field = finiteField(q);
  const elements = Array.from({ length: q }, (_, element) => element);
  for (const a of elements) {
    expect(field.add(a, 0)).toBe(a);
    expect(field.multiply(a, 1)).toBe(a);
    // Sums with a, and products with an a other than zero, hit every element: so there are inverses.
    expect(new Set(elements.map((b) => field.add(a, b))).size).toBe(q);
    expect(new Set(elements.map((b) => field.multiply(a, b))).size).toBe(a === 0 ? 1 : q);
    for (const b of elements) {
      expect(field.add(a, b)).toBe(field.add(b, a));
      expect(field.multiply(a, b)).toBe(field.multiply(b, a));
      for (const c of elements) {
        const sum = field.add(field.multiply(a, b), field.multiply(a, c));
        if (field.multiply(a, field.add(b, c)) !== sum) throw new Error(`not distributive: ${a}, ${b}, ${c}`);
        if (field.multiply(a, field.multiply(b, c)) !== field.multiply(field.multiply(a, b), c)) {
          throw new Error(`not associative: ${a}, ${b}, ${c}`);
        }
      }
    }
  }
});

test("there is no field of 6 elements, and 7 is the next order that there is", () => {
  expect(() => finiteField(6)).toThrow("there is no field of 6 elements: it is not a prime power");
  expect([1, 2, 6, 10, 14, 26].map(primePowerFrom)).toEqual([2, 2, 7, 11, 16, 27]);
});
