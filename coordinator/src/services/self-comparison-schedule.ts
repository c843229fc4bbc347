import type { Logger } from "pino";
import type { FarmState } from "../domain/farm-state.ts";
import type { RunRow } from "../domain/rows.ts";
import type { Clock } from "../ports/clock.ts";
import type { SelfComparisonStore } from "../ports/self-comparison-store.ts";
import type { Store } from "../ports/store.ts";
import type { RunCommands } from "./api.ts";

/** Newest runs among which each project's newest release is looked for. */
const RUNS_MAX = 200;
const LOOK_INTERVAL_MS = 60_000;
/** In the audit log. */
const BY = { who: "farm", from: "" };

interface ScheduleParts {
  readonly farm: FarmState;
  readonly store: Pick<Store, "runs">;
  readonly selfComparisons: Pick<SelfComparisonStore, "newestAtMs">;
  readonly commands: Pick<RunCommands, "compareWithItself">;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * While no run is under way, measures the newest release of one project against
 * itself: that of which it was done the longest ago, if that is `intervalMs` ago.
 */
export class SelfComparisonSchedule {
  readonly #parts: ScheduleParts;
  readonly #intervalMs: number;
  #timer: NodeJS.Timeout | null = null;
  #looking: Promise<unknown> | null = null;

  /** `intervalMs` 0: never. */
  constructor(parts: ScheduleParts, intervalMs: number) {
    this.#parts = parts;
    this.#intervalMs = intervalMs;
  }

  start(): void {
    if (this.#intervalMs === 0) return;
    this.#timer = setInterval(() => {
      this.#looking ??= this.look()
        .catch((cause: unknown) => this.#parts.log.error({ err: cause }, "no release could be compared with itself"))
        .finally(() => (this.#looking = null));
    }, LOOK_INTERVAL_MS);
  }

  async stop(): Promise<void> {
    if (this.#timer) clearInterval(this.#timer);
    await this.#looking;
  }

  /** Submits at most one run; whether it did. */
  async look(): Promise<boolean> {
    const { farm, commands, clock, log } = this.#parts;
    if (this.#intervalMs === 0 || !isIdle(farm)) return false;
    const dueMs = clock.nowMs() - this.#intervalMs;
    const waiting = (await this.#newestReleases()).filter(({ lastMs }) => lastMs <= dueMs);
    for (const { row } of waiting.toSorted((a, b) => a.lastMs - b.lastMs)) {
      // Somebody has submitted a run meanwhile: that goes first.
      if (!isIdle(farm)) return false;
      const outcome = await commands.compareWithItself(row.run, BY);
      if (!outcome.ok) continue;
      log.info({ run: outcome.run, of: row.run }, "a release is compared with itself");
      return true;
    }
    return false;
  }

  /** The newest run that passed of each project, and when it was last compared with itself, or ended. */
  async #newestReleases(): Promise<readonly { readonly row: RunRow; readonly lastMs: number }[]> {
    const { store, selfComparisons } = this.#parts;
    const newest = new Map<string, RunRow>();
    for (const row of await store.runs(RUNS_MAX, null)) {
      if (row.verdict === "pass" && !newest.has(row.candidate.name)) newest.set(row.candidate.name, row);
    }
    return Promise.all(
      newest.values().map(async (row) => {
        const lastMs = await selfComparisons.newestAtMs(row.candidate.name);
        return { row, lastMs: lastMs ?? row.finishedAtMs ?? row.submittedAtMs };
      }),
    );
  }
}

function isIdle({ runs, agents }: FarmState): boolean {
  return runs.size === 0 && agents.values().some(({ presence }) => presence === "online");
}
