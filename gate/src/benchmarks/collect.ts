import { median } from "../statistics/order.ts";
import { Refusal } from "../text/refusal.ts";
import { measurementKey, type BenchmarkResults, type Measurement, type Unmeasured } from "./measurement.ts";

/** More than any real run has, and few enough to hold. */
const MEASUREMENTS_MAX = 100_000;
const SAMPLES_MAX = 1_000_000;

/** What a reader finds, checked as it comes: no value twice, none that measured nothing, and never an empty file. */
export class Collector {
  readonly #measurements = new Map<string, Measurement>();
  readonly #unmeasured: Unmeasured[] = [];
  readonly #notes: string[] = [];

  add(measurement: Measurement): void {
    const { unit, value, samples, place, benchmark, metric } = measurement;
    for (const one of [value, ...samples]) {
      if (!Number.isFinite(one)) throw new Refusal(place, `${benchmark} has a ${metric} of ${one}`);
      // What takes no time, no memory or never happens was not measured.
      if (unit !== "1" && !(one > 0)) {
        throw new Refusal(place, `${benchmark} has a ${metric} of ${one} ${unit}`, "A measured value is above zero.");
      }
    }
    const key = measurementKey(measurement);
    const earlier = this.#measurements.get(key);
    if (earlier)
      throw new Refusal(place, `${key} is there twice: first at ${earlier.place}`, "Give each benchmark its own name.");
    if (this.#measurements.size >= MEASUREMENTS_MAX) {
      throw new Refusal(place, `more than ${MEASUREMENTS_MAX} measurements`, "Split the file.");
    }
    this.#measurements.set(key, measurement);
  }

  /** One whose value is the median of what was measured. */
  addSamples(about: Omit<Measurement, "value" | "statistic" | "samples">, samples: readonly number[]): void {
    if (samples.length === 0) throw new Refusal(about.place, `${about.benchmark} has no samples`);
    if (samples.length > SAMPLES_MAX)
      throw new Refusal(about.place, `${samples.length} samples; at most ${SAMPLES_MAX} are taken`);
    if (samples.some((sample) => !Number.isFinite(sample)))
      throw new Refusal(about.place, `${about.benchmark} has a sample that is no finite number`);
    this.add({ ...about, value: median(samples), statistic: "median", samples });
  }

  unmeasured(one: Unmeasured): void {
    this.#unmeasured.push(one);
  }

  note(text: string): void {
    this.#notes.push(text);
  }

  results(): BenchmarkResults {
    const unmeasured = this.#unmeasured;
    if (this.#measurements.size === 0) {
      const first = unmeasured[0];
      if (!first)
        throw new Refusal("the file", "holds no results", "A file without results is not evidence of anything.");
      throw new Refusal(
        first.place,
        `none of ${unmeasured.length} benchmarks has a value; the first: ${first.benchmark} ${first.reason}`,
      );
    }
    return { measurements: [...this.#measurements.values()], unmeasured, notes: this.#notes };
  }
}
