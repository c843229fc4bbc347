import type { Logger } from "pino";
import type { Metrics } from "../../ports/metrics.ts";
import type { Store } from "../../ports/store.ts";
import type { SelfComparisonStore } from "../../ports/self-comparison-store.ts";
import type { ChangeHub } from "../change-hub.ts";

/** Pairs of project and class of machines that metrics tell of, those with the newest comparisons first. */
const RATES_SHOWN = 200;

interface BoardParts {
  readonly store: Pick<Store, "run">;
  readonly selfComparisons: Pick<SelfComparisonStore, "rates">;
  readonly hub: ChangeHub;
  readonly metrics: Pick<Metrics, "selfComparisons" | "limitReached">;
  readonly log: Logger;
}

/** Keeps the metrics of false positives at what releases against themselves have found. */
export class SelfComparisonBoard {
  readonly #parts: BoardParts;
  #turn: Promise<void> = Promise.resolve();
  #isStopped = false;
  #wasFull = false;

  constructor(parts: BoardParts) {
    this.#parts = parts;
    parts.hub.onJudged((run) => {
      this.#next(async () => {
        if (typeof (await parts.store.run(run))?.selfComparisonOf === "number") await this.#show();
      });
    });
  }

  start(): void {
    this.#next(() => this.#show());
  }

  /** Resolves when all that was found until now is shown. */
  idle(): Promise<void> {
    return this.#turn;
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#turn;
  }

  #next(act: () => Promise<void>): void {
    this.#turn = this.#turn
      .then(() => (this.#isStopped ? undefined : act()))
      .catch((cause: unknown) => {
        this.#parts.log.error({ err: cause }, "the rates of false positives could not be read for the metrics");
      });
  }

  async #show(): Promise<void> {
    const { selfComparisons, metrics } = this.#parts;
    const rates = await selfComparisons.rates(null, RATES_SHOWN + 1);
    metrics.selfComparisons(rates.slice(0, RATES_SHOWN));
    const isFull = rates.length > RATES_SHOWN;
    if (isFull && !this.#wasFull) metrics.limitReached("release-series");
    this.#wasFull = isFull;
  }
}
