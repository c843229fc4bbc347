import type { Judged } from "@kiln/gate";
import { selfComparisonOf, type SelfComparison } from "../../domain/measure/self-comparison.ts";
import { formatRunId } from "../../domain/run-id.ts";

/** What a run of a release against itself found; it is no verdict on anything but the gate. */
export interface SelfComparisonFound {
  readonly found: readonly SelfComparison[];
  /** One sentence. */
  readonly reason: string;
}

/** `of`: the run whose files they are; `machines`: by cell. */
export function judgeSelfComparison(
  of: number,
  judged: readonly Judged[],
  machines: ReadonlyMap<string, string>,
): SelfComparisonFound {
  const found = judged.flatMap((one) => {
    const machine = machines.get(one.comparison.cell);
    return machine === undefined ? [] : (selfComparisonOf(one, machine) ?? []);
  });
  const stopped = found.filter(({ outcome }) => outcome === "regressed").length;
  const lost = judged.length - found.length;
  const told = `the gate would have stopped ${stopped} of ${found.length} benchmarks`;
  const without = lost === 0 ? "" : `; ${lost} could not be compared`;
  return { found, reason: `${formatRunId(of)} against itself: ${told}${without}. It decides about no release` };
}
