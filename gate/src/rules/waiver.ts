import type { GateResult } from "../verdict.ts";

/** Somebody takes the responsibility for one gate, of one candidate, for a time. */
export interface Waiver {
  /** `G20`. */
  readonly gate: string;
  readonly who: string;
  readonly why: string;
  readonly expiresAtMs: number;
  /** Of the candidate: for other bytes it does not hold. */
  readonly digest: string;
}

/**
 * Opens a gate that a live waiver is for; what the gate found stays in its
 * reason and evidence. A waiver that has expired, or is of other bytes, opens
 * nothing and is named.
 */
export function applyWaivers(
  result: GateResult,
  waivers: readonly Waiver[],
  { digest, nowMs }: { digest: string; nowMs: number },
): GateResult {
  const own = waivers.filter(({ gate }) => gate === result.id);
  if (result.outcome === "pass" || own.length === 0) return result;
  const live = own.find((waiver) => waiver.digest === digest && nowMs < waiver.expiresAtMs);
  if (live) {
    const reason = `waived by ${live.who}: ${live.why} (it was ${result.outcome}: ${result.reason})`;
    return { ...result, outcome: "waived", reason };
  }
  const [first] = own;
  const why = first && first.digest !== digest ? "is for another candidate" : "has expired";
  return { ...result, reason: `${result.reason} (the waiver of ${first?.who ?? "nobody"} ${why})` };
}
