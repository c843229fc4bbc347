import { appendFileSync } from "node:fs";
import type { OutcomeName } from "@kiln/proto";

/** What the jobs of a run print, for whoever wants to know what their logs must be. */
export interface JobScript {
  /** Lines of the dummy executor's `lines N`; null: its log is not said here. */
  readonly lines: number | null;
  /** How it must end when nothing but the faults keeps it from it. */
  readonly outcome: OutcomeName;
}

/** What the harness has seen the farm promise. The farm must hold to it whatever happens afterwards. */
export type FarmEntry =
  | {
      readonly event: "run-accepted";
      readonly run: string;
      readonly sourceSha256: string;
      /** What its jobs may lose to infrastructure each. */
      readonly retries: number;
      readonly build: JobScript;
      readonly test: JobScript;
      readonly isCancelled: boolean;
    }
  | { readonly event: "blob-stored"; readonly sha256: string; readonly sizeBytes: number }
  | { readonly event: "job-finished"; readonly run: string; readonly job: string; readonly outcome: OutcomeName }
  /** Bytes of a log that a reader was given, from its beginning. */
  | {
      readonly event: "log-read";
      readonly run: string;
      readonly job: string;
      readonly attempt: number;
      readonly bytes: number;
      readonly sha256: string;
    }
  | { readonly event: "fault"; readonly fault: string };

export class FarmJournal {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  write(entry: FarmEntry): void {
    appendFileSync(this.path, `${JSON.stringify(entry)}\n`);
  }
}
