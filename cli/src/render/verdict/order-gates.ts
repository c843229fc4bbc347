import type { GateView, VerdictView } from "@kiln/proto";

const RANK: Readonly<Record<GateView["outcome"], number>> = {
  fail: 0,
  invalid: 1,
  inconclusive: 2,
  "not-run": 3,
  waived: 4,
  pass: 5,
};

/** The gate that decided first, then those that are not open, then the rest; as the catalogue has them beside that. */
export function orderGates({ gates, decidedBy }: Pick<VerdictView, "gates" | "decidedBy">): readonly GateView[] {
  const rank = (gate: GateView): number => (gate.id === decidedBy && !isOpen(gate) ? -1 : RANK[gate.outcome]);
  return gates.toSorted((a, b) => rank(a) - rank(b));
}

/** Only a pass and a live waiver open a gate. */
export function isOpen({ outcome }: Pick<GateView, "outcome">): boolean {
  return outcome === "pass" || outcome === "waived";
}
