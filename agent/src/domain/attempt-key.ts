/** One attempt at one job of one run. */
export interface AttemptRef {
  /** From 1. */
  readonly run: number;
  /** Position of the job in the run's plan, from 0. */
  readonly job: number;
  /** From 1. */
  readonly attempt: number;
}

/** `run.job.attempt`: the attempt as a map key, a file name and an environment cookie. */
export function attemptKey(ref: AttemptRef): string {
  return `${ref.run}.${ref.job}.${ref.attempt}`;
}

/** The inverse of `attemptKey`; null for any other text. */
export function parseAttemptKey(text: string): AttemptRef | null {
  const match = /^([1-9]\d{0,9})\.(0|[1-9]\d{0,9})\.([1-9]\d{0,9})$/.exec(text);
  if (!match) return null;
  return { run: Number(match[1]), job: Number(match[2]), attempt: Number(match[3]) };
}
