import { describe, expect, test } from "vitest";
import { checkCovering } from "./check-covering.ts";
import { binaryArray, orthogonalArray, orthogonalColumns, productArray, productColumns } from "./constructions.ts";
import type { Row } from "./covering-problem.ts";
import { starterArray } from "./starter-array.ts";

function expectCovering(rows: readonly Row[], columns: number, level: number, strength: 2 | 3): void {
  const levels = Array.from({ length: columns }, () => level);
  const { missing, brokenRows } = checkCovering({ levels, strength }, rows);
  expect({ missing, brokenRows }).toEqual({ missing: [], brokenRows: [] });
}

describe("known arrays cover everything, with the rows that their sources give", () => {
  test.each([2, 3, 4, 5, 7, 8, 9])("orthogonal arrays over GF(%i)", (q) => {
    for (const strength of [2, 3] as const) {
      const columns = orthogonalColumns(q, strength);
      const rows = orthogonalArray(q, strength, columns);
      expect(rows).toHaveLength(q ** strength);
      if (q < 8 || strength === 2) expectCovering(rows, columns, q, strength);
    }
  });

  test.each([2, 3, 4, 5])("products over GF(%i), once and twice", (q) => {
    const once = productArray(q, orthogonalArray(q, 2, q + 1));
    expect(once).toHaveLength(2 * q * q - q);
    expectCovering(once, productColumns(q, q + 1), q, 2);
    if (q > 3) return;
    const twice = productArray(q, once);
    expect(twice).toHaveLength(3 * q * q - 2 * q);
    expectCovering(twice, productColumns(q, productColumns(q, q + 1)), q, 2);
  });

  test.each([
    [3, 4],
    [4, 5],
    [10, 6],
    [11, 7],
    [15, 7],
    [16, 8],
    [35, 8],
    [36, 9],
    [126, 10],
    [127, 11],
  ])("%i axes with two values take %i rows", (columns, count) => {
    const rows = binaryArray(columns);
    expect(rows).toHaveLength(count);
    expectCovering(rows, columns, 2, 2);
  });

  test.each([
    [4, 8],
    [5, 10],
    [6, 10],
    [10, 20],
  ])("a starter vector for %i values and %i axes", (level, columns) => {
    const rows = starterArray(level, columns);
    expect(rows).toHaveLength(columns * (level - 1) + 1);
    expectCovering(rows ?? [], columns, level, 2);
  });

  test("there is no starter vector where its differences cannot give every element", () => {
    expect(starterArray(5, 5)).toBeNull();
  });
});
