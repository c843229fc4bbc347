import type { JsonPlace } from "../text/json-place.ts";
import { Collector } from "./collect.ts";
import type { BenchmarkResults } from "./measurement.ts";

/**
 * `pytest --benchmark-json=FILE`: times in seconds, one per round.
 * (pytest-benchmark's documentation, "Comparing past runs"; its `stats.data`
 * is there with `--benchmark-save-data`.)
 */
export function readPytestBenchmark(root: JsonPlace): BenchmarkResults {
  const collector = new Collector();
  for (const benchmark of root.get("benchmarks").someItems()) {
    const name = benchmark.get("fullname").name();
    const stats = benchmark.get("stats");
    const median = stats.get("median");
    const value = median.number();
    const rounds = stats.get("rounds").number();
    if (!(Number.isInteger(rounds) && rounds > 0)) stats.get("rounds").refuse(`is ${rounds}: no round was run`);
    const low = stats.get("min").number();
    const high = stats.get("max").number();
    if (!(low <= value && value <= high)) median.refuse(`is ${value}, outside min ${low} to max ${high}`);
    const samples = stats.maybe("data")?.items() ?? [];
    const odd = samples.find(({ kind }) => kind !== "number");
    if (odd) collector.note(`${odd.place} is no number: the samples of ${name} are not complete, and none is kept`);
    collector.add({
      benchmark: name,
      params: {},
      metric: "time",
      unit: "s",
      better: "lower",
      value,
      statistic: "median",
      samples: odd ? [] : samples.map((sample) => sample.number()),
      place: median.place,
    });
  }
  return collector.results();
}
