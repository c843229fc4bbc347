import type { Logger } from "pino";
import { formatRunId } from "../../domain/run-id.ts";
import { JudgedReleases, PROJECTS_MAX } from "../../domain/verdict/judged-releases.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Metrics } from "../../ports/metrics.ts";
import type { Store } from "../../ports/store.ts";
import type { VerdictStore } from "../../ports/verdict-store.ts";
import type { ChangeHub } from "../change-hub.ts";
import { judgedAt, knownVerdict } from "./known-verdict.ts";

/** Runs of a project that are looked through after a restart, for releases with benchmarks. */
const RUNS_RESTORED_EACH = 20;

interface BoardParts {
  readonly store: Pick<Store, "run">;
  readonly verdicts: VerdictStore;
  readonly hub: ChangeHub;
  readonly metrics: Pick<Metrics, "releases" | "limitReached">;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Keeps the metrics of verdicts and benchmarks at what was judged last; they come from the store after a restart. */
export class ReleaseBoard {
  readonly #parts: BoardParts;
  /** Time series, of all projects together. */
  readonly #seriesMax: number;
  readonly #releases = new JudgedReleases();
  /** One after another: the newest reading of a run is the one that stays. */
  #turn: Promise<void> = Promise.resolve();
  #isStopped = false;
  #wasFull = false;

  constructor(parts: BoardParts, seriesMax: number) {
    this.#parts = parts;
    this.#seriesMax = seriesMax;
    parts.hub.onJudged((run) => this.#next(() => this.#take(run)));
  }

  /** Begins to read what was judged before. */
  start(): void {
    this.#next(async () => {
      for (const run of await this.#parts.verdicts.newestJudged(PROJECTS_MAX, RUNS_RESTORED_EACH)) {
        if (this.#isStopped) return;
        await this.#take(run, { show: false });
      }
      this.#show();
    });
  }

  /** Resolves when all that was judged until now is shown. */
  idle(): Promise<void> {
    return this.#turn;
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#turn;
  }

  #next(act: () => Promise<void>): void {
    this.#turn = this.#turn.then(act).catch((cause: unknown) => {
      this.#parts.log.error({ err: cause }, "what was judged could not be read for the metrics");
    });
  }

  async #take(run: number, { show } = { show: true }): Promise<void> {
    const { store, verdicts, clock } = this.#parts;
    const row = await store.run(run);
    // It is being tried again, and will be judged again.
    if (row?.state !== "finished") return;
    const known = await knownVerdict(verdicts, row);
    if (!known) return;
    const { judged } = known;
    const { verdict, gates } = judgedAt(known, clock.nowMs());
    this.#releases.put({
      run,
      project: row.candidate.name,
      release: judged.candidate?.version ?? row.candidate.version ?? formatRunId(run),
      judgedAtMs: judged.judgedAtMs,
      verdict,
      gates: gates.map(({ id, name, outcome }) => ({ id, name, outcome })),
      comparisons: judged.comparisons,
    });
    if (show) this.#show();
  }

  #show(): void {
    const { metrics, log } = this.#parts;
    const shown = this.#releases.shown(this.#seriesMax);
    metrics.releases(shown);
    const isFull = shown.omitted > 0;
    if (isFull && !this.#wasFull) {
      metrics.limitReached("release-series");
      log.warn({ omitted: shown.omitted }, "there are more metrics of releases than may be shown");
    }
    this.#wasFull = isFull;
  }
}
