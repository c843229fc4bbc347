import type { JsonPlace } from "../text/json-place.ts";
import { lookup } from "../text/lookup.ts";
import { Collector } from "./collect.ts";
import type { BenchmarkResults, Measurement } from "./measurement.ts";

/** Summaries that are results, by tag. The others describe the run (sample sizes, noise, wall time). */
const METRICS: Readonly<Record<string, Pick<Measurement, "metric" | "unit" | "better">>> = {
  "nv/cold/time/gpu/mean": { metric: "gpu-time", unit: "s", better: "lower" },
  "nv/cold/time/cpu/mean": { metric: "cpu-time", unit: "s", better: "lower" },
  "nv/batch/time/gpu/mean": { metric: "batch-gpu-time", unit: "s", better: "lower" },
  "nv/cold/bw/global/bytes_per_second": { metric: "bytes-per-second", unit: "B/s", better: "higher" },
  "nv/cold/bw/item_rate": { metric: "items-per-second", unit: "1/s", better: "higher" },
};

/**
 * `nvbench --json`, format 1.x: one state per combination of axes and device,
 * with summaries whose numbers are strings. The means are nvbench's own; it
 * keeps the samples in separate binary files.
 */
export function readNvbench(root: JsonPlace): BenchmarkResults {
  const collector = new Collector();
  const version = root.get("meta").get("version").get("json").get("major");
  if (version.number() !== 1) version.refuse(`is ${version.number()}; format version 1 is read`);
  for (const benchmark of root.get("benchmarks").someItems()) {
    const name = benchmark.get("name").name();
    for (const state of benchmark.get("states").someItems()) readState(state, name, collector);
  }
  return collector.results();
}

function readState(state: JsonPlace, benchmark: string, collector: Collector): void {
  const named: (readonly [string, string])[] = [["device", state.get("device").scalar()]];
  for (const axis of state.maybe("axis_values")?.items() ?? []) {
    named.push([axis.get("name").name(), axis.get("value").scalar()]);
  }
  const params = Object.fromEntries(named);
  if (state.get("is_skipped").boolean()) {
    const reason = `skipped: ${state.maybe("skip_reason")?.text() ?? "without a reason"}`;
    collector.unmeasured({ benchmark, params, reason, place: state.place });
    return;
  }
  let found = 0;
  for (const summary of state.get("summaries").someItems()) {
    const about = lookup(METRICS, summary.get("tag").text());
    if (!about) continue;
    const data = summary
      .get("data")
      .someItems()
      .find((entry) => entry.get("name").text() === "value");
    const place = (data ?? summary.refuse("has no datum named value")).get("value");
    const value = numberInString(place);
    collector.add({ ...about, benchmark, params, value, statistic: "mean", samples: [], place: place.place });
    found += 1;
  }
  if (found === 0)
    state.get("summaries").refuse("holds no time and no rate", `Read are ${Object.keys(METRICS).join(", ")}.`);
}

function numberInString(place: JsonPlace): number {
  const text = place.text();
  if (!/^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/u.test(text)) place.refuse(`is "${text}", not a number in a string`);
  return Number(text);
}
