import fc from "fast-check";
import { expect, test } from "vitest";
import { backoffMs } from "./backoff.ts";
import { isRunningOut, renewalBackoff, renewAtMs } from "./renewal-time.ts";

const unit = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const lifetimes = fc
  .record({ issuedAtMs: fc.nat(2 ** 41), lifetimeMs: fc.integer({ min: 1_000, max: 400 * 86_400_000 }) })
  .map(({ issuedAtMs, lifetimeMs }) => ({ issuedAtMs, notAfterMs: issuedAtMs + lifetimeMs }));

test("credentials are renewed at two thirds of their lifetime, or a twelfth of it earlier", () => {
  fc.assert(
    fc.property(lifetimes, unit, (lifetime, random) => {
      const share = (renewAtMs(lifetime, random) - lifetime.issuedAtMs) / (lifetime.notAfterMs - lifetime.issuedAtMs);
      expect(share).toBeGreaterThan(7 / 12 - 1e-6);
      expect(share).toBeLessThanOrEqual(2 / 3 + 1e-6);
    }),
  );
});

test("a renewal that fails is tried at least 10 times before the credentials end", () => {
  fc.assert(
    fc.property(lifetimes, (lifetime) => {
      let nowMs = renewAtMs(lifetime, 0);
      let tries = 0;
      // The longest waits that there can be.
      while (nowMs < lifetime.notAfterMs) nowMs += backoffMs(++tries, 1, renewalBackoff(lifetime));
      expect(tries).toBeGreaterThanOrEqual(lifetime.notAfterMs - lifetime.issuedAtMs < 6_000 ? 1 : 10);
    }),
  );
});

test("somebody has to look when a sixth is left", () => {
  const lifetime = { issuedAtMs: 0, notAfterMs: 600 };
  expect([499, 501].map((nowMs) => isRunningOut(lifetime, nowMs))).toEqual([false, true]);
});
