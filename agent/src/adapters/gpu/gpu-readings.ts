import type { GpuReading } from "../../domain/gpu/gpu.ts";
import { parseReadings, queryArguments, READINGS_QUERY } from "../../domain/gpu/smi-query.ts";
import type { Clock } from "../../ports/clock.ts";
import { Smi } from "./smi.ts";

const INTERVAL_MS = 10_000;
/** What is older says nothing of now. */
const STALE_MS = 60_000;

export interface GpuReadingsOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly clock: Clock;
  /** Whether to ask at all: not where there is no GPU, nor beside a job that is being timed. */
  readonly isWanted: () => boolean;
}

/** Numbers of the GPUs, asked in the background at most every ten seconds: whoever reads them never waits. */
export class GpuReadings {
  readonly #options: GpuReadingsOptions;
  readonly #smi: Smi | null;
  #readings: readonly GpuReading[] = [];
  #readMs = -Infinity;
  #askedMs = -Infinity;
  #isAsking = false;

  constructor(options: GpuReadingsOptions) {
    this.#options = options;
    this.#smi = Smi.find(options.env);
  }

  /** The newest there are; asks for newer ones when these are old. */
  current(): readonly GpuReading[] {
    const nowMs = this.#options.clock.nowMs();
    if (this.#smi && !this.#isAsking && nowMs - this.#askedMs >= INTERVAL_MS && this.#options.isWanted()) {
      this.#askedMs = nowMs;
      this.#isAsking = true;
      void this.#ask(this.#smi);
    }
    return nowMs - this.#readMs > STALE_MS ? [] : this.#readings;
  }

  async #ask(smi: Smi): Promise<void> {
    const { ok, stdout } = await smi.ask(queryArguments(READINGS_QUERY));
    this.#isAsking = false;
    if (!ok) return;
    this.#readings = parseReadings(stdout);
    this.#readMs = this.#options.clock.nowMs();
  }
}
