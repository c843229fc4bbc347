/**
 * How long to wait between two attempts to reconnect, as the NATS client's
 * `reconnectDelayHandler` asks for it. The client adds the answer to the wall
 * clock's time of its last attempt, and asks again after waiting. When somebody
 * has set that clock back meanwhile, by an hour say, it would wait that hour:
 * so whoever has waited once is told to go on at once. `nextMs` is asked once for
 * each attempt.
 */
export function reconnectDelay(nextMs: () => number, steadyMs: () => number = () => performance.now()): () => number {
  /** When the wait of the last answer is over; null: there was none since the last attempt. */
  let dueMs: number | null = null;
  return () => {
    const nowMs = steadyMs();
    // Timers may fire a millisecond early.
    if (dueMs !== null && nowMs >= dueMs - 1) {
      dueMs = null;
      return Number.NEGATIVE_INFINITY;
    }
    const delayMs = nextMs();
    dueMs = nowMs + delayMs;
    return delayMs;
  };
}
