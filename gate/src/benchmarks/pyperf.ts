import type { JsonPlace } from "../text/json-place.ts";
import { lookup } from "../text/lookup.ts";
import { Collector } from "./collect.ts";
import type { BenchmarkResults, Measurement } from "./measurement.ts";

const UNITS: Readonly<Record<string, Pick<Measurement, "metric" | "unit" | "better">>> = {
  second: { metric: "time", unit: "s", better: "lower" },
  byte: { metric: "memory", unit: "B", better: "lower" },
  integer: { metric: "count", unit: "1", better: "lower" },
};

/**
 * A pyperf suite, format version 1: values of all runs (one run is one worker
 * process), each already divided by its loops. Warm-ups and calibration runs
 * have no values. (pyperf's documentation, "JSON format".)
 */
export function readPyperf(root: JsonPlace): BenchmarkResults {
  const collector = new Collector();
  const version = root.get("version");
  if (version.text() !== "1.0") version.refuse(`is "${version.text()}"; version 1.0 is read`);
  const common = root.maybe("metadata");
  for (const benchmark of root.get("benchmarks").someItems()) {
    const own = benchmark.maybe("metadata");
    const field = (name: string): JsonPlace | undefined => own?.maybe(name) ?? common?.maybe(name);
    const name = (field("name") ?? benchmark.refuse('has no "name" in its metadata')).name();
    const unit = field("unit");
    const about = lookup(UNITS, unit?.text() ?? "second") ?? unit?.refuse("is not second, byte or integer");
    const runs = benchmark.get("runs");
    const samples = runs.someItems().flatMap((run) => run.maybe("values")?.items() ?? []);
    if (samples.length === 0) runs.refuse(`no run of ${name} has values`, "Was it stopped while calibrating?");
    collector.addSamples(
      { ...(about ?? benchmark.refuse("has no unit")), benchmark: name, params: {}, place: runs.place },
      samples.map((sample) => sample.number()),
    );
  }
  return collector.results();
}
