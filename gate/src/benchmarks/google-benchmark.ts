import { scaled } from "../text/scale.ts";
import type { JsonPlace } from "../text/json-place.ts";
import { Collector } from "./collect.ts";
import type { BenchmarkResults, Measurement } from "./measurement.ts";
import { unitNamed, UNITS_KNOWN } from "./units.ts";

type About = Pick<Measurement, "metric" | "unit" | "better">;

interface Group {
  readonly benchmark: string;
  readonly params: Readonly<Record<string, string>>;
  /** By metric: what each repetition measured. */
  readonly samples: Map<string, { about: About; values: number[]; place: string }>;
}

const RATES: readonly (readonly [field: string, about: About])[] = [
  ["bytes_per_second", { metric: "bytes-per-second", unit: "B/s", better: "higher" }],
  ["items_per_second", { metric: "items-per-second", unit: "1/s", better: "higher" }],
];

/**
 * `--benchmark_format=json` of Google Benchmark. Repetitions of one benchmark
 * are its samples; each is a mean over iterations. Where only aggregates were
 * reported the median is taken. (github.com/google/benchmark, docs/user_guide.md.)
 */
export function readGoogleBenchmark(root: JsonPlace): BenchmarkResults {
  const collector = new Collector();
  const entries = root.get("benchmarks").someItems();
  const groups = new Map<string, Group>();
  const single = entries.some((entry) => runType(entry) === "iteration");
  for (const entry of entries) {
    const name = (entry.maybe("run_name") ?? entry.get("name")).name();
    const threads = entry.maybe("threads")?.number() ?? 1;
    const params: Record<string, string> = threads === 1 ? {} : { threads: String(threads) };
    const failed = entry.maybe("error_occurred")?.boolean() ?? entry.maybe("skipped")?.boolean() ?? false;
    if (failed) {
      const why = (entry.maybe("error_message") ?? entry.maybe("skip_message"))?.text() ?? "without a message";
      collector.unmeasured({ benchmark: name, params, reason: `failed: ${why}`, place: entry.place });
      continue;
    }
    if (runType(entry) === "aggregate" && (single || entry.get("aggregate_name").text() !== "median")) continue;
    const key = `${name} ${threads}`;
    const group = groups.get(key) ?? { benchmark: name, params, samples: new Map() };
    groups.set(key, group);
    take(entry, group);
  }
  for (const { benchmark, params, samples } of groups.values()) {
    for (const { about, values, place } of samples.values()) {
      collector.addSamples({ ...about, benchmark, params, place }, values);
    }
  }
  return collector.results();
}

function runType(entry: JsonPlace): "iteration" | "aggregate" {
  const type = entry.maybe("run_type")?.text() ?? "iteration";
  if (type === "iteration" || type === "aggregate") return type;
  return entry.get("run_type").refuse(`is "${type}", not "iteration" or "aggregate"`);
}

function take(entry: JsonPlace, { samples }: Group): void {
  const unitPlace = entry.get("time_unit");
  const unit = unitNamed(unitPlace.text());
  if (unit?.unit !== "s")
    return unitPlace.refuse(`is "${unitPlace.text()}", not a unit of time`, `Known units: ${UNITS_KNOWN}.`);
  const put = (about: About, place: JsonPlace, factor: number): void => {
    const value = scaled(place.number(), factor);
    const known = samples.get(about.metric);
    if (known) known.values.push(value);
    else samples.set(about.metric, { about, values: [value], place: place.place });
  };
  put({ metric: "time", unit: "s", better: "lower" }, entry.get("real_time"), unit.factor);
  put({ metric: "cpu-time", unit: "s", better: "lower" }, entry.get("cpu_time"), unit.factor);
  for (const [field, about] of RATES) {
    const rate = entry.maybe(field);
    if (rate) put(about, rate, 1);
  }
}
