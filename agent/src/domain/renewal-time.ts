import type { BackoffLimits } from "./backoff.ts";

/** When credentials were received and when they end, Unix time in milliseconds. */
export interface Lifetime {
  readonly issuedAtMs: number;
  readonly notAfterMs: number;
}

/** Agents that joined at the same moment renew within this part of the lifetime. */
const SPREAD = 1 / 12;
const HOUR_MS = 3_600_000;

/** When to renew: two thirds into the lifetime, or up to a twelfth of it earlier. `random` is in [0, 1). */
export function renewAtMs({ issuedAtMs, notAfterMs }: Lifetime, random: number): number {
  const lifetimeMs = Math.max(0, notAfterMs - issuedAtMs);
  return issuedAtMs + lifetimeMs * (2 / 3 - SPREAD * random);
}

/** How a renewal that fails is tried again: often enough for dozens of tries in the third that is left. */
export function renewalBackoff({ issuedAtMs, notAfterMs }: Lifetime): BackoffLimits {
  const lifetimeMs = Math.max(0, notAfterMs - issuedAtMs);
  return {
    baseMs: Math.min(10_000, Math.max(50, lifetimeMs / 500)),
    capMs: Math.min(HOUR_MS, Math.max(200, lifetimeMs / 50)),
  };
}

/** Less than a sixth of the lifetime is left: somebody has to look. */
export function isRunningOut({ issuedAtMs, notAfterMs }: Lifetime, nowMs: number): boolean {
  return notAfterMs - nowMs < (notAfterMs - issuedAtMs) / 6;
}
