// Covering arrays that are known, with the same number of levels for each axis.
import { finiteField } from "./finite-field.ts";
import type { Row } from "./covering-problem.ts";

/** The first `columns` columns (1 to q + 1) of the rows of polynomials of a degree below `strength` over GF(q). */
function polynomialRows(q: number, strength: 2 | 3, columns: number): number[][] {
  const field = finiteField(q);
  const rows: number[][] = [];
  for (let code = 0; code < q ** strength; code += 1) {
    const coefficients = [code % q, Math.floor(code / q) % q, Math.floor(code / (q * q))].slice(0, strength);
    const row: number[] = [];
    for (let x = 0; x < Math.min(q, columns); x += 1) {
      let value = 0;
      for (const coefficient of coefficients.toReversed()) value = field.add(field.multiply(value, x), coefficient);
      row.push(value);
    }
    // The value at infinity is the leading coefficient.
    if (columns > q) row.push(coefficients.at(-1) ?? 0);
    // With q even and strength 3 the coefficient of x is one more column that goes with all others.
    if (columns > q + 1) row.push(coefficients[1] ?? 0);
    rows.push(row);
  }
  return rows;
}

/** How many columns an orthogonal array of q^strength rows has here. */
export function orthogonalColumns(q: number, strength: 2 | 3): number {
  return strength === 3 && q % 2 === 0 ? q + 2 : q + 1;
}

/**
 * An orthogonal array: q^strength rows, q a prime power, at most
 * `orthogonalColumns` columns; every tuple is there exactly once.
 * Source: K. A. Bush, "Orthogonal arrays of index unity", Annals of Mathematical Statistics 23 (1952).
 */
export function orthogonalArray(q: number, strength: 2 | 3, columns: number): readonly Row[] {
  return polynomialRows(q, strength, columns);
}

/** How many columns `productArray` makes of one with so many. */
export function productColumns(q: number, columns: number): number {
  return q * columns + 1;
}

/**
 * From a pairwise array of q levels, one with q² − q more rows and q times the
 * columns, plus one. Source: C. J. Colbourn and others, "Products of mixed
 * covering arrays of strength two", Journal of Combinatorial Designs 14 (2006).
 *
 * Column (m, s) is the polynomial's value at m in the rows that are not
 * constant, whatever s: that covers two columns with different m, except for
 * equal values. Below, it is column s of the given array: that covers the
 * equal values, and two columns with equal m. The last column is the leading
 * coefficient, which is 0 below.
 */
export function productArray(q: number, array: readonly Row[]): readonly Row[] {
  const width = array[0]?.length ?? 0;
  const columns = Array.from({ length: q * width }, (_, index) => ({ m: index % q, s: Math.floor(index / q) }));
  const above = polynomialRows(q, 2, q + 1)
    .filter((row) => row[q] !== 0)
    .map((row) => [...columns.map(({ m }) => row[m] ?? 0), row[q] ?? 0]);
  return [...above, ...array.map((row) => [...columns.map(({ s }) => row[s] ?? 0), 0])];
}

/** The fewest rows of a pairwise array of `columns` axes with two levels. */
export function binaryRows(columns: number): number {
  let rows = 4;
  while (choose(rows - 1, Math.ceil(rows / 2)) < columns) rows += 1;
  return rows;
}

/**
 * A pairwise array of two levels with the fewest rows: the columns are
 * different sets of ceil(N/2) rows, none with the first row.
 * Sources: G. O. H. Katona (1973); D. J. Kleitman and J. Spencer, "Families of k-independent sets" (1973).
 */
export function binaryArray(columns: number): readonly Row[] {
  const rows = binaryRows(columns);
  const size = Math.ceil(rows / 2);
  const result = Array.from({ length: rows }, () => Array.from({ length: columns }, () => 0));
  const chosen = Array.from({ length: size }, (_, index) => index + 1);
  for (let column = 0; column < columns; column += 1) {
    for (const row of chosen) (result[row] ?? [])[column] = 1;
    // The next set in lexicographic order.
    let last = size - 1;
    while (last >= 0 && chosen[last] === rows - size + last) last -= 1;
    let next = (chosen[last] ?? 0) + 1;
    for (let index = Math.max(last, 0); index < size; index += 1, next += 1) chosen[index] = next;
  }
  return result;
}

function choose(n: number, k: number): number {
  let result = 1;
  for (let i = 1; i <= k; i += 1) result = (result * (n - k + i)) / i;
  return result;
}
