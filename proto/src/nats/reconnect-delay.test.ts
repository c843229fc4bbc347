import { expect, test } from "vitest";
import { reconnectDelay } from "./reconnect-delay.ts";

/** The client's loop up to its next attempt, by its own rule; the milliseconds that it has waited, or null past 10 s. */
function waitedMs(delay: () => number, clock: { steadyMs: number; wallMs: number }, lastAttemptWallMs: number) {
  const startMs = clock.steadyMs;
  for (;;) {
    const wait = delay();
    if (lastAttemptWallMs + wait <= clock.wallMs) return clock.steadyMs - startMs;
    const restMs = Math.min(wait, lastAttemptWallMs + wait - clock.wallMs);
    clock.steadyMs += restMs;
    clock.wallMs += restMs;
    if (clock.steadyMs - startMs > 10_000) return null;
  }
}

test("a client waits as long between its attempts when the wall clock is set back by an hour", () => {
  const clock = { steadyMs: 0, wallMs: 1_700_000_000_000 };
  const delay = reconnectDelay(
    () => 125,
    () => clock.steadyMs,
  );
  const attempt = (wallMs: number): number | null => waitedMs(delay, clock, wallMs);
  expect(attempt(clock.wallMs)).toBe(125);
  const before = clock.wallMs;
  clock.wallMs -= 3_600_000;
  expect(attempt(before)).toBe(125);
  expect(attempt(clock.wallMs)).toBe(125);
  clock.wallMs += 7_200_000;
  expect(attempt(clock.wallMs)).toBe(125);
});

test("the first attempt after a connection that held is not held up", () => {
  const clock = { steadyMs: 0, wallMs: 1_700_000_000_000 };
  const delay = reconnectDelay(
    () => 100,
    () => clock.steadyMs,
  );
  expect(waitedMs(delay, clock, clock.wallMs)).toBe(100);
  clock.steadyMs += 60_000;
  clock.wallMs += 60_000;
  expect(waitedMs(delay, clock, clock.wallMs - 60_000)).toBe(0);
});
