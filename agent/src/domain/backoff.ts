export interface BackoffLimits {
  readonly baseMs: number;
  readonly capMs: number;
}

/**
 * How long to wait before the next try: anywhere between half the base and an
 * exponentially growing, capped range, so that many who lost the same thing at
 * the same moment do not come back at the same moment.
 * `failures` counts from 1; `random` is in [0, 1).
 */
export function backoffMs(failures: number, random: number, { baseMs, capMs }: BackoffLimits): number {
  const rangeMs = Math.min(capMs, baseMs * 2 ** Math.min(failures - 1, 30));
  const leastMs = Math.min(baseMs / 2, rangeMs);
  return Math.round(leastMs + (rangeMs - leastMs) * random);
}
