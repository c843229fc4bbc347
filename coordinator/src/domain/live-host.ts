import type { Health } from "./agent-standing.ts";
import type { Pool } from "./live-job.ts";

/** What the agents of one machine share. */
export interface LiveHost {
  readonly key: string;
  /** Attempts that run on it, on whichever agent. */
  busy: number;
  /** The attempt that has the whole machine to itself. */
  exclusive: string | null;
  /** Who holds which GPU or MIG slice. */
  readonly held: Map<string, string>;
  /** Devices that are not well, by uuid. */
  readonly health: Map<string, Health>;
  /** Kept free for jobs of a pool that need all of it, or several GPUs at once. Soft: made anew after a restart. */
  reserved: Reservation | null;
}

export interface Reservation {
  readonly pool: Pool;
  /** What is kept free. */
  readonly what: "host" | "gpus";
  readonly sinceMs: number;
}

export function newHost(key: string): LiveHost {
  return { key, busy: 0, exclusive: null, held: new Map(), health: new Map(), reserved: null };
}
