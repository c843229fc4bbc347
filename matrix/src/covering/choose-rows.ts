import type { HeldTuples } from "./held-tuples.ts";
import { seededRandom } from "./random.ts";

/**
 * Chooses rows, beginning with the given ones, each time one that holds most
 * tuples that are still missing, until none is. Rows with equally many are
 * taken in a mixed order: neighbours in a product share most of their tuples.
 *
 * What a row brings never grows, so rows wait in a list for what they last
 * brought, and only those of the fullest list are looked at again.
 */
export function chooseRows(held: HeldTuples, given: readonly number[]): readonly number[] {
  const covered = new Uint8Array(held.size);
  const chosen: number[] = [];
  /** How many missing tuples a row brings. */
  const bringsOf = (row: number): number => {
    let brings = 0;
    for (let at = row * held.perRow; at < (row + 1) * held.perRow; at += 1) {
      if (covered[held.tuples[at] as number] === 0) brings += 1;
    }
    return brings;
  };
  const take = (row: number): void => {
    chosen.push(row);
    for (let at = row * held.perRow; at < (row + 1) * held.perRow; at += 1) covered[held.tuples[at] as number] = 1;
  };

  for (const row of given) take(row);
  const waiting: number[][] = Array.from({ length: held.perRow + 1 }, () => []);
  waiting[held.perRow] = mixedOrder(held.rows);
  for (let brings = held.perRow; brings > 0; brings -= 1) {
    const rows = waiting[brings] ?? [];
    for (let row = rows.pop(); row !== undefined; row = rows.pop()) {
      const now = bringsOf(row);
      if (now === brings) take(row);
      else waiting[now]?.push(row);
    }
  }
  return chosen;
}

/** The chosen rows without those whose every tuple another chosen one holds; the first `fixed` stay. */
export function withoutNeedless(held: HeldTuples, chosen: readonly number[], fixed: number): readonly number[] {
  const counts = new Int32Array(held.size);
  const tuplesOf = (row: number): Int32Array => held.tuples.subarray(row * held.perRow, (row + 1) * held.perRow);
  for (const row of chosen) for (const tuple of tuplesOf(row)) counts[tuple] = (counts[tuple] as number) + 1;
  // The last chosen brought least, but the first may have become needless by all that came after.
  return chosen.filter((row, index) => {
    if (index < fixed || tuplesOf(row).some((tuple) => (counts[tuple] as number) < 2)) return true;
    for (const tuple of tuplesOf(row)) counts[tuple] = (counts[tuple] as number) - 1;
    return false;
  });
}

function mixedOrder(count: number): number[] {
  const random = seededRandom(count);
  const order = Array.from({ length: count }, (_, index) => index);
  for (let at = count - 1; at > 0; at -= 1) {
    const other = random(at + 1);
    const kept = order[at] as number;
    order[at] = order[other] as number;
    order[other] = kept;
  }
  return order;
}
