import type { Requirement } from "../require/requirement.ts";
import { canonicalJson, type CanonicalValue } from "./canonical-json.ts";
import type { CellTable } from "./cell-table.ts";
import type { Digest } from "./plan-inputs.ts";
import { requirementText } from "./requirements.ts";

/** Part of every key: raise it when the meaning of a job changes, so that old keys match no new job. */
const KEY_FORMAT = 2;

/**
 * Digests of everything that can change how a job ends, its limits included: a
 * job that timed out at 20 s may pass in 30 m. What many jobs share is digested
 * once, and their keys are digests of that digest and what is their own.
 */
export function keyOf(digest: Digest, parts: Readonly<Record<string, CanonicalValue>>): string {
  return digest(canonicalJson({ format: KEY_FORMAT, ...parts }));
}

/**
 * Keys of jobs that run in a cell: of what they all share, of the wheel, the
 * requirement, and the exact values of the cell's axes.
 */
export function cellKeys(
  table: CellTable,
  share: string,
  digest: Digest,
): (row: number, requirement: Requirement, wheelKey: string) => string {
  const width = table.axes.length;
  const ofRequirement = memoised((requirement: Requirement) => `on ${digest(requirementText(requirement))}`);
  const ofWheel = memoised((wheel: string) => `of ${keyOf(digest, { share, wheel })}`);
  // By name, so that the order of the plan's axes does not matter.
  const sorted = table.axes
    .map(({ name, values }, column) => {
      return { name, column, texts: values.map((value) => JSON.stringify([name, value])) };
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  // One list for all, because there are many cells.
  const texts: string[] = [];
  return (row, requirement, wheelKey) => {
    texts.length = 0;
    texts.push(ofWheel(wheelKey), ofRequirement(requirement));
    for (const { column, texts: ofValues } of sorted) {
      const text = ofValues[table.codes[row * width + column] ?? -1];
      if (text !== undefined) texts.push(text);
    }
    return digest(texts.join());
  };
}

function memoised<K, T>(compute: (of: K) => T): (of: K) => T {
  const known = new Map<K, T>();
  return (of) => {
    const found = known.get(of);
    if (found !== undefined) return found;
    const computed = compute(of);
    known.set(of, computed);
    return computed;
  };
}
