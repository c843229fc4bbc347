import { appendFileSync } from "node:fs";
import type { OutcomeName } from "@kiln/proto";

export interface AttemptId {
  readonly run: number;
  readonly job: number;
  readonly attempt: number;
}

/** What an agent of the test writes down of itself, apart from its spool and its log. */
export type AgentEntry =
  /** Its process began. */
  | { readonly event: "process"; readonly agent: string; readonly pid: number }
  /** Its executor was told to run the attempt. */
  | ({ readonly event: "executed"; readonly agent: string; readonly pid: number } & AttemptId)
  /** The coordinator wants no more of the attempt: it holds no lease, and never will again. */
  | ({ readonly event: "refused" } & AttemptId)
  /** The coordinator has acknowledged the attempt's frames up to this one. */
  | ({
      readonly event: "acked";
      readonly seq: number;
      /** Bytes of the log in these frames. */
      readonly logBytes: number;
      /** How it ended, when its last frame is among them. */
      readonly outcome: OutcomeName | null;
    } & AttemptId);

/** One line of JSON an entry; written by one system call, so that a process that is killed leaves whole lines. */
export function writeEntry(path: string, entry: AgentEntry): void {
  appendFileSync(path, `${JSON.stringify(entry)}\n`);
}
