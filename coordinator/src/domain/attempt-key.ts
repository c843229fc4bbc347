/** One attempt at one job: run from 1, job's position in its plan from 0, attempt from 1. */
export interface AttemptKey {
  readonly run: number;
  readonly job: number;
  readonly attempt: number;
}

/** For maps and logs: `r12/7#2`. */
export function attemptId(key: AttemptKey): string {
  return `r${key.run}/${key.job}#${key.attempt}`;
}
