import type { Clock } from "../../ports/clock.ts";

/** A wall clock that differs by this much from what steady time says was set by somebody; less is drift. */
const SET_MIN_MS = 500;

/** A clock that says when it was set. */
export interface WatchedClock extends Clock {
  /** Calls, before the new time is given to anybody, with the milliseconds that the clock was set by. */
  onSet(listener: (byMs: number) => void): void;
}

/**
 * The wall clock beside a steady one. Whoever keeps a deadline in wall time moves
 * it when the clock is set, so that it stays as far away as it was.
 */
export function watchClock(wall: Clock, steadyMs: () => number = () => performance.now()): WatchedClock {
  const listeners: ((byMs: number) => void)[] = [];
  let offsetMs = wall.nowMs() - steadyMs();
  return {
    nowMs() {
      const nowMs = wall.nowMs();
      const byMs = nowMs - steadyMs() - offsetMs;
      offsetMs += byMs;
      if (Math.abs(byMs) >= SET_MIN_MS) for (const listener of listeners) listener(Math.round(byMs));
      return nowMs;
    },
    onSet: (listener) => void listeners.push(listener),
  };
}
