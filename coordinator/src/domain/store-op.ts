import type { AttemptKey } from "./attempt-key.ts";
import type { ReleasePolicy } from "@kiln/gate";
import type { AuditEntry } from "./audit.ts";
import type { Outcome } from "./outcome.ts";
import type { AgentStanding } from "./agent-standing.ts";
import type { AgentRow, ArtifactRow, AttemptRow, DeviceRow, HealthReportRow, JobRow, RunRow, StepRow } from "./rows.ts";
import type { SelfComparison } from "./measure/self-comparison.ts";
import type { ApprovalRow, WaiverRow } from "./verdict/decision.ts";
import type { JudgedRun } from "./verdict/judged-run.ts";

/** One durable change. A service decides; the store only remembers. */
export type StoreOp =
  | {
      readonly op: "insert-run";
      readonly run: RunRow;
      readonly planJson: string;
      readonly jobs: readonly JobRow[];
      /** The content keys of its builds, by which later runs find what they made. */
      readonly builds: readonly BuildKey[];
    }
  | { readonly op: "update-run"; readonly run: number; readonly set: RunChange }
  | { readonly op: "update-job"; readonly row: JobRow }
  | { readonly op: "insert-attempt"; readonly row: AttemptRow }
  | { readonly op: "update-attempt"; readonly key: AttemptKey; readonly set: AttemptChange }
  | { readonly op: "upsert-agent"; readonly row: AgentRow }
  /** What a run has to pass; with its insertion. */
  | { readonly op: "put-policy"; readonly run: number; readonly policy: ReleasePolicy }
  /** In place of what was found before. */
  | { readonly op: "put-verdict"; readonly run: number; readonly judged: JudgedRun }
  | { readonly op: "add-approval"; readonly run: number; readonly row: ApprovalRow }
  | { readonly op: "add-waiver"; readonly run: number; readonly row: WaiverRow }
  /** In place of what the run found before; keeps the newest `SELF_COMPARISONS_KEPT` of its project on each class of machines. */
  | { readonly op: "put-self-comparisons"; readonly run: number; readonly found: readonly SelfComparison[] }
  | { readonly op: "upsert-standing"; readonly agentId: string; readonly standing: AgentStanding }
  | { readonly op: "upsert-device"; readonly row: DeviceRow }
  /** Keeps the agent's newest `HEALTH_REPORTS_MAX`. */
  | { readonly op: "insert-health-report"; readonly row: HealthReportRow }
  /** Who asked for the changes beside it. */
  | { readonly op: "audit"; readonly entry: AuditEntry };

export interface BuildKey {
  /** Position in the plan. */
  readonly job: number;
  readonly name: string;
  /** PlannedJob.key */
  readonly key: string;
}

export type RunChange = Pick<RunRow, "state" | "verdict" | "reason" | "startedAtMs" | "finishedAtMs" | "changedId">;

/** What ingest learns of an attempt; fields that are absent stay as they are. */
export interface AttemptChange {
  readonly state?: AttemptRow["state"];
  readonly outcome?: Outcome;
  readonly summary?: string;
  readonly excerpt?: string;
  readonly pythonVersion?: string;
  readonly startedAtMs?: number;
  readonly finishedAtMs?: number;
  readonly unhealthy?: string;
  readonly ackedSeq?: number;
  readonly logBytes?: number;
  readonly logBytesDropped?: number;
  readonly steps?: readonly StepRow[];
  readonly artifacts?: readonly ArtifactRow[];
  readonly reports?: AttemptRow["reports"];
}
