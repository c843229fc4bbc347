import type { Logger } from "pino";
import type { Metrics } from "./ports/metrics.ts";
import type { Store } from "./ports/store.ts";
import { GroupCommit } from "./services/group-commit.ts";

const BUSY_GATHER_MS = 2;
const COMMIT_ATTEMPTS = 60;
const COMMIT_RETRY_MS = 500;

/** Commits for the whole coordinator, and whether the store takes none at the moment. */
export function openCommits(
  store: Store,
  { metrics, log }: { readonly metrics: Metrics; readonly log: Logger },
  farm: {
    /** With many jobs on their way a commit for each would cost more than the wait does. */
    readonly isBusy: () => boolean;
    readonly onGivenUp: (cause: unknown) => void;
  },
): { readonly commits: GroupCommit; readonly isInTrouble: () => boolean } {
  let trouble: unknown = null;
  const commits = new GroupCommit(store, metrics, {
    gatherMs: () => (farm.isBusy() ? BUSY_GATHER_MS : 0),
    attemptsMax: COMMIT_ATTEMPTS,
    retryDelayMs: COMMIT_RETRY_MS,
    onTrouble: (cause) => {
      if (cause !== null) log.error({ err: cause }, "a commit failed");
      trouble = cause;
    },
    onGivenUp: farm.onGivenUp,
  });
  return { commits, isInTrouble: () => trouble !== null };
}
