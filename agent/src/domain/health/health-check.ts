import type { AttemptRef } from "../attempt-key.ts";

/** When a look at a machine's health is taken. */
export type HealthMoment = "join" | "before-job" | "after-job" | "schedule" | "asked";

export interface HealthCheck {
  readonly name: CheckName;
  /** UUID of a GPU or MIG slice; empty: the machine. */
  readonly device: string;
  readonly status:
    | "ok"
    /** To be known; work goes on. */
    | "warning"
    /** The device, or the agent, must get no more work. */
    | "failed"
    /** It could not be done here: the detail says why. */
    | "not-run";
  /** What was seen and, unless ok, what to do. */
  readonly detail: string;
}

export type CheckName =
  | "driver"
  | "kernel"
  | "ecc"
  | "xid"
  | "slowdown"
  | "leftover-processes"
  | "leftover-memory"
  | "disk"
  | "memory";

/** What a look found. */
export interface HealthReport {
  readonly moment: HealthMoment;
  /** The attempt that it stood before or after; null otherwise. */
  readonly attempt: AttemptRef | null;
  /** Unix time in milliseconds. */
  readonly atMs: number;
  readonly checks: readonly HealthCheck[];
}

/** Those of these devices that failed, in one sentence; null: none did. */
export function failureOf(checks: readonly HealthCheck[], devices: readonly string[]): string | null {
  const failed = checks.filter(({ device, status }) => status === "failed" && devices.includes(device));
  if (failed.length === 0) return null;
  return failed.map(({ device, name, detail }) => `${device} failed its health check "${name}": ${detail}`).join("; ");
}
