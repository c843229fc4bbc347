/** How often a child may be started again. */
export interface RestartBudget {
  /** Restarts … */
  readonly restartsMax: number;
  /** … within this time. */
  readonly windowMs: number;
  /** Wait before the first; doubles with each one in the window, up to `delayMsMax`. */
  readonly delayMs: number;
  readonly delayMsMax: number;
}

export const RESTART_BUDGET: RestartBudget = { restartsMax: 5, windowMs: 60_000, delayMs: 100, delayMsMax: 5_000 };

export type RestartDecision =
  | { readonly kind: "restart"; readonly afterMs: number; readonly restartsAtMs: readonly number[] }
  | { readonly kind: "give-up" };

/** Whether a child that died at `nowMs` is started again, given when it was before; each restart counts once. */
export function decideRestart(restartsAtMs: readonly number[], nowMs: number, budget: RestartBudget): RestartDecision {
  const recent = restartsAtMs.filter((at) => nowMs - at < budget.windowMs);
  if (recent.length >= budget.restartsMax) return { kind: "give-up" };
  const afterMs = Math.min(budget.delayMsMax, budget.delayMs * 2 ** recent.length);
  return { kind: "restart", afterMs, restartsAtMs: [...recent, nowMs] };
}
