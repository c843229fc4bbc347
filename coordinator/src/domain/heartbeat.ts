import type { AttemptKey } from "./attempt-key.ts";
import type { Readings } from "./readings.ts";

/** What an agent says of itself every few seconds. */
export interface Heartbeat {
  readonly agentId: string;
  readonly sessionId: string;
  /** Every attempt in the agent's spool. */
  readonly attempts: readonly AttemptKey[];
  readonly diskFreeBytes: number;
  readonly spoolBytes: number;
  readonly readings: Readings;
}
