/** Time, injected so that services can be tested without waiting. */
export interface Clock {
  /** Unix time in milliseconds. */
  nowMs(): number;
  /** Runs `action` once, not before `delayMs`; the result calls it off. A pending timer never keeps the process alive. */
  after(delayMs: number, action: () => void): () => void;
}
