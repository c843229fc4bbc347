export interface BackoffLimits {
  readonly baseMs: number;
  readonly capMs: number;
}

/**
 * How long to wait before the next try: full jitter over an exponentially
 * growing, capped range, and never less than half the base.
 * `failures` counts from 1; `random` is in [0, 1).
 */
export function backoffMs(failures: number, random: number, limits: BackoffLimits): number {
  const rangeMs = Math.min(limits.capMs, limits.baseMs * 2 ** Math.min(failures - 1, 30));
  return Math.round(Math.max(limits.baseMs / 2, rangeMs * random));
}
