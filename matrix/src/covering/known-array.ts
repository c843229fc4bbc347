import {
  binaryArray,
  binaryRows,
  orthogonalArray,
  orthogonalColumns,
  productArray,
  productColumns,
} from "./constructions.ts";
import type { Row } from "./covering-problem.ts";
import { primePowerFrom } from "./finite-field.ts";
import { starterArray, starterRows } from "./starter-array.ts";

/** Axes with more values get no known array: it would have more rows than a search wants to begin with. */
const LEVELS_MAX = 32;

/**
 * The smallest array that is known for so many axes, all with as many values
 * as the largest has; null when none is known that has at most `rowsMax` rows.
 */
export function knownArray(levels: readonly number[], strength: 2 | 3, rowsMax: number): readonly Row[] | null {
  const most = Math.max(...levels);
  const columns = levels.length;
  if (most < 2 || most > LEVELS_MAX) return null;
  const options: { readonly rows: number; readonly make: () => readonly Row[] | null }[] = [];
  const q = primePowerFrom(most);
  if (columns <= orthogonalColumns(q, strength)) {
    options.push({ rows: q ** strength, make: () => orthogonalArray(q, strength, columns) });
  } else if (strength === 2) {
    if (most === 2) options.push({ rows: binaryRows(columns), make: () => binaryArray(columns) });
    if (columns <= 2 * most + 1) {
      options.push({ rows: starterRows(most, columns), make: () => starterArray(most, columns) });
    }
    options.push({ rows: productRows(q, columns), make: () => repeatedProduct(q, columns) });
  }
  for (const { rows, make } of options.toSorted((a, b) => a.rows - b.rows)) {
    const array = rows <= rowsMax ? make() : null;
    if (array) return array;
  }
  return null;
}

function productRows(q: number, columns: number): number {
  let rows = q * q;
  for (let width = q + 1; width < columns; width = productColumns(q, width)) rows += q * q - q;
  return rows;
}

function repeatedProduct(q: number, columns: number): readonly Row[] {
  let array = orthogonalArray(q, 2, q + 1);
  for (let width = q + 1; width < columns; width = productColumns(q, width)) array = productArray(q, array);
  return array;
}
