import type { AttemptKey } from "./attempt-key.ts";

/** When a look at a machine's health was taken. */
export const HEALTH_MOMENTS = ["join", "before-job", "after-job", "schedule", "asked"] as const;
export type HealthMoment = (typeof HEALTH_MOMENTS)[number];

export const CHECK_STATUSES = ["ok", "warning", "failed", "not-run"] as const;

export interface HealthCheck {
  /** "kernel", "ecc", "xid", "leftover-processes", "disk", … */
  readonly name: string;
  /** UUID of a GPU or MIG slice; empty: the machine. */
  readonly device: string;
  readonly status: (typeof CHECK_STATUSES)[number];
  /** What was seen and, unless ok, what to do. */
  readonly detail: string;
}

/** What an agent found when it looked at its machine. */
export interface HealthReport {
  readonly moment: HealthMoment;
  /** The attempt that it stood before or after. */
  readonly attempt: AttemptKey | null;
  /** By the agent's clock. */
  readonly atMs: number;
  readonly checks: readonly HealthCheck[];
}
