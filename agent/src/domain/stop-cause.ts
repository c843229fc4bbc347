import type { Verdict } from "./outcome.ts";
import { formatBytes, formatDuration } from "./units.ts";

/** Why a running attempt is stopped from outside its job. */
export type StopCause =
  | { readonly kind: "cancelled"; readonly reason: string }
  | { readonly kind: "timed-out"; readonly timeoutMs: number; readonly during: string }
  | { readonly kind: "log-limit"; readonly logBytesMax: number }
  | { readonly kind: "spool-failed"; readonly message: string }
  | { readonly kind: "agent-stopping" }
  /** The coordinator does not want the attempt: nothing more is reported. */
  | { readonly kind: "refused"; readonly reason: string };

/** What a stopped attempt reports. */
export function verdictOfStop(cause: StopCause): Verdict {
  switch (cause.kind) {
    case "cancelled":
      return { outcome: "cancelled", summary: cause.reason || "cancelled" };
    case "timed-out": {
      const during = cause.during === "" ? "" : ` (during: ${cause.during})`;
      return {
        outcome: "timed-out",
        summary: `it ran longer than its limit of ${formatDuration(cause.timeoutMs)}${during}`,
      };
    }
    case "log-limit":
      return {
        outcome: "out-of-resources",
        summary: `it wrote more output than its limit of ${formatBytes(cause.logBytesMax)}`,
      };
    case "spool-failed":
      return { outcome: "infrastructure", summary: `the agent could not keep its results: ${cause.message}` };
    case "agent-stopping":
      return { outcome: "agent-lost", summary: "the agent was stopped while the job ran" };
    case "refused":
      return { outcome: "cancelled", summary: cause.reason };
  }
}
