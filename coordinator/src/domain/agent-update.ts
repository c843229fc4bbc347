/** What is known of an agent's software, and what it was offered. */
export interface AgentSoftware {
  readonly agentId: string;
  readonly takesUpdates: boolean;
  /** Of the bundle that it runs; empty: the installed one. */
  readonly runningSha256: string;
  readonly offered: OfferedUpdate | null;
}

export interface OfferedUpdate {
  /** Counts up over all agents. */
  readonly offer: number;
  readonly version: string;
  readonly sha256: string;
  readonly sizeBytes: number;
  readonly offeredAtMs: number;
  /** Why it did not come up; null: it has not been said to. */
  readonly failedBecause: string | null;
}

/** What an agent says of its software when it registers. */
export interface SoftwareReport {
  readonly takesUpdates: boolean;
  readonly runningSha256: string;
  readonly failed: { readonly offer: number; readonly reason: string } | null;
}

export const UNKNOWN_SOFTWARE = { takesUpdates: false, runningSha256: "", offered: null } as const;

/** "waiting": to be offered until it is taken. */
export type UpdateState = "waiting" | "taken" | "failed";

export function updateState({ runningSha256 }: AgentSoftware, offered: OfferedUpdate): UpdateState {
  if (runningSha256 === offered.sha256) return "taken";
  return offered.failedBecause === null ? "waiting" : "failed";
}

/** The software after its agent has registered. A failure of an earlier offer says nothing of a later one. */
export function withReport(known: AgentSoftware, report: SoftwareReport): AgentSoftware {
  const { takesUpdates, runningSha256, failed } = report;
  const { agentId, offered } = known;
  const isOfThis = failed !== null && offered !== null && failed.offer >= offered.offer;
  const judged = isOfThis ? { ...offered, failedBecause: failed.reason } : offered;
  return { agentId, takesUpdates, runningSha256, offered: judged };
}
