import type { SelfComparison, SelfComparisonRate } from "../domain/measure/self-comparison.ts";

/** What runs of releases against themselves have found; written by the store's operations. */
export interface SelfComparisonStore {
  /** When the newest of a project was submitted, Unix milliseconds; null without any. */
  newestAtMs(project: string): Promise<number | null>;
  /** Of a project, all that are kept, in no order. */
  history(project: string): Promise<readonly SelfComparison[]>;
  /** Of one project, or of all: at most `limit`, those with the newest comparisons first. */
  rates(project: string | null, limit: number): Promise<readonly SelfComparisonRate[]>;
}
