import { EVIDENCE_MAX, type GateResult } from "../verdict.ts";
import type { Finding } from "./rule.ts";

/** A finding as it is kept: its evidence is cut at `EVIDENCE_MAX`, and says by how much. */
export function resultOf(
  { id, name }: { readonly id: string; readonly name: string },
  { outcome, reason, evidence }: Finding,
): GateResult {
  return {
    id,
    name,
    outcome,
    reason,
    evidence: evidence.slice(0, EVIDENCE_MAX),
    evidenceOmitted: Math.max(0, evidence.length - EVIDENCE_MAX),
  };
}
