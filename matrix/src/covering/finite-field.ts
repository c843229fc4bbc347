/** The finite field GF(q): its elements are numbered 0 to q − 1, 0 and 1 being zero and one. */
export interface FiniteField {
  readonly order: number;
  add(a: number, b: number): number;
  multiply(a: number, b: number): number;
}

/** The prime and the exponent of a prime power, or null. */
function primePower(q: number): { readonly prime: number; readonly exponent: number } | null {
  if (q < 2) return null;
  let prime = 2;
  while (q % prime !== 0) prime += 1;
  let exponent = 0;
  for (let rest = q; rest > 1; rest /= prime) {
    if (rest % prime !== 0) return null;
    exponent += 1;
  }
  return { prime, exponent };
}

/** The smallest prime power that is at least `n`. */
export function primePowerFrom(n: number): number {
  let q = Math.max(2, n);
  while (primePower(q) === null) q += 1;
  return q;
}

/** GF(q). The base-p digits of an element's number are the coefficients of its polynomial. Throws when there is none. */
export function finiteField(q: number): FiniteField {
  const power = primePower(q);
  if (!power) throw new RangeError(`there is no field of ${q} elements: it is not a prime power`);
  const { prime, exponent } = power;
  if (exponent === 1) return { order: q, add: (a, b) => (a + b) % q, multiply: (a, b) => (a * b) % q };
  const add = (a: number, b: number): number => {
    let sum = 0;
    for (let place = 1; place < q; place *= prime) {
      sum += (((Math.floor(a / place) % prime) + (Math.floor(b / place) % prime)) % prime) * place;
    }
    return sum;
  };
  // The modulus is x^exponent = tail; the first tail without zero divisors is irreducible.
  for (let tail = 1; tail < q; tail += 1) {
    const table = multiplication(q, prime, tail, add);
    if (table) return { order: q, add, multiply: (a, b) => table[a * q + b] ?? 0 };
  }
  throw new Error(`no irreducible polynomial for ${q}: there always is one`);
}

/** The table of products modulo x^n = tail, or null when two elements other than zero have the product zero. */
function multiplication(
  q: number,
  prime: number,
  tail: number,
  add: (a: number, b: number) => number,
): readonly number[] | null {
  const timesDigit = (a: number, digit: number): number => {
    let product = 0;
    for (let i = 0; i < digit; i += 1) product = add(product, a);
    return product;
  };
  const timesX = (a: number): number => {
    const top = Math.floor(a / (q / prime));
    return add((a % (q / prime)) * prime, timesDigit(tail, top));
  };
  const table: number[] = [];
  for (let a = 0; a < q; a += 1) {
    for (let b = 0; b < q; b += 1) {
      let product = 0;
      let shifted = a;
      for (let rest = b; rest > 0; rest = Math.floor(rest / prime)) {
        product = add(product, timesDigit(shifted, rest % prime));
        shifted = timesX(shifted);
      }
      if (product === 0 && a !== 0 && b !== 0) return null;
      table.push(product);
    }
  }
  return table;
}
