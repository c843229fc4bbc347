import type { Verdict } from "@kiln/gate";
import type { AttemptKey } from "./attempt-key.ts";
import type { Outcome } from "./outcome.ts";
import type { StoreOp } from "./store-op.ts";

/** What a decision asks for: first the durable changes, then, once they are committed, the rest. */
export interface Effects {
  readonly ops: StoreOp[];
  /** Attempts whose assignment goes out. */
  readonly assign: AttemptKey[];
  /** Attempts to be stopped, with the agent that holds them. */
  readonly stop: { readonly agentId: string; readonly key: AttemptKey; readonly reason: string }[];
  /** Attempts that no longer hold a lease. */
  readonly released: AttemptKey[];
  /** Agents whose health is to be looked at. */
  readonly checkHealth: Set<string>;
  readonly changedRuns: Set<number>;
  /** Runs of which a build has passed. */
  readonly builtRuns: Set<number>;
  /** Runs whose jobs have all ended: they wait for their verdict. */
  readonly completedRuns: Set<number>;
  /** Runs that were judged, or judged anew because of what people decided. */
  readonly judgedRuns: Set<number>;
  /** Of runs that ended. */
  readonly verdicts: Verdict[];
  /** Attempts that agents were given, and how long their jobs had been ready. */
  readonly queued: Waited[];
  readonly started: Waited[];
  readonly finished: { readonly kind: string; readonly outcome: Outcome }[];
  /** Jobs that ended with a result of an earlier run. */
  readonly reused: { readonly kind: string }[];
}

/** `pool`: as `poolName` has it. */
interface Waited {
  readonly kind: string;
  readonly pool: string;
  readonly waitedMs: number;
}

export function newEffects(): Effects {
  return {
    ops: [],
    assign: [],
    stop: [],
    released: [],
    checkHealth: new Set(),
    changedRuns: new Set(),
    builtRuns: new Set(),
    completedRuns: new Set(),
    judgedRuns: new Set(),
    verdicts: [],
    queued: [],
    started: [],
    finished: [],
    reused: [],
  };
}
