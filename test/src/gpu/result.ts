/** What was tried, and what came of it. */
export interface Result {
  readonly what: string;
  readonly outcome: "passed" | "failed" | "not-run";
  readonly detail: string;
}

export const say = (line = ""): void => void process.stdout.write(`${line}\n`);

/** Since a `performance.now()`. */
export const seconds = (sinceMs: number): string => `${((performance.now() - sinceMs) / 1_000).toFixed(1)} s`;
