import { judgeAgain, type Decisions, type Judgement } from "@kiln/gate";
import type { RunRow } from "../../domain/rows.ts";
import { approvalFacts, givenWaiver, type ApprovalRow, type WaiverRow } from "../../domain/verdict/decision.ts";
import type { JudgedRun } from "../../domain/verdict/judged-run.ts";
import type { VerdictStore } from "../../ports/verdict-store.ts";

/** What was found out about a run, and what people decided. */
export interface KnownVerdict {
  readonly row: RunRow;
  readonly judged: JudgedRun;
  readonly approvals: readonly ApprovalRow[];
  /** Given after the run; the newest of a gate first: an older one may have expired. */
  readonly waivers: readonly WaiverRow[];
}

/** Null: the run was not judged yet, or before verdicts were kept. */
export async function knownVerdict(verdicts: VerdictStore, row: RunRow): Promise<KnownVerdict | null> {
  const judged = await verdicts.judged(row.run);
  if (!judged) return null;
  const given = await verdicts.waivers(row.run);
  const approvals = await verdicts.approvals(row.run);
  return { row, judged, approvals, waivers: given.toReversed() };
}

/** The verdict as of a moment: waivers expire. */
export function judgedAt({ judged, approvals, waivers }: KnownVerdict, nowMs: number): Judgement {
  const { candidate } = judged;
  const decisions: Decisions = { ...(candidate ? { candidate } : {}), nowMs, approvals: approvalFacts(approvals) };
  return judgeAgain(judged.found, decisions, judged.approval ? { M01: judged.approval } : {}, [
    ...waivers.map(givenWaiver),
    ...judged.waivers,
  ]);
}
