import type { HealthCheck, HealthMoment, HealthReport } from "../domain/health/health-check.ts";

export interface LookRequest {
  readonly moment: HealthMoment;
  /** UUIDs of GPUs and MIG slices to look at. */
  readonly devices: readonly string[];
  /** Those of them that a job has: nothing runs on them but what only reads. */
  readonly busy: ReadonlySet<string>;
  /** Attempts that run: `run.job.attempt`. Their processes are left alone. */
  readonly running: ReadonlySet<string>;
  readonly signal: AbortSignal;
}

export interface Look {
  readonly checks: readonly HealthCheck[];
  /** The report has arrived: what it told of is not told again. */
  settle(): void;
}

/** Looks at the machine and its GPUs. Every part of a look has a time limit; `look` never rejects. Several may be under way. */
export interface HealthProbe {
  /** GPUs and MIG slices that jobs may be given, as last seen. */
  devices(): readonly string[];
  look(request: LookRequest): Promise<Look>;
}

export type ReportHealthResult =
  | { readonly ok: true }
  /** `isFinal`: sending it again cannot help. */
  | { readonly ok: false; readonly message: string; readonly isFinal: boolean };

/** Where reports go. */
export interface HealthReporter {
  /** Never rejects; gives up after a few seconds. */
  reportHealth(report: HealthReport): Promise<ReportHealthResult>;
}
