import { scaled } from "../text/scale.ts";
import type { JsonPlace } from "../text/json-place.ts";
import { Collector } from "./collect.ts";
import type { BenchmarkResults, Measurement } from "./measurement.ts";
import { declaredAs, type DeclaredMetrics } from "./declared.ts";

type About = Pick<Measurement, "metric" | "unit" | "better"> & { readonly factor: number };

/** What the prefix of a benchmark's name says of its unit (asv's documentation, "Benchmark types"). */
const PREFIXES: readonly (readonly [prefix: RegExp, about: About])[] = [
  [/^(?:time|timeraw)_/u, { metric: "time", unit: "s", better: "lower", factor: 1 }],
  [/^peakmem_/u, { metric: "peak-memory", unit: "B", better: "lower", factor: 1 }],
  [/^mem_/u, { metric: "memory", unit: "B", better: "lower", factor: 1 }],
];

/**
 * A result file of asv, version 2: per benchmark a row by `result_columns`,
 * whose results are the product of its parameters, the last varying fastest.
 * Null is a failed benchmark and NaN a skipped one. `track_…` values have
 * their unit elsewhere, so that it must be declared.
 * (asv's documentation, "Developer docs: result file".)
 */
export function readAsv(root: JsonPlace, declared: DeclaredMetrics): BenchmarkResults {
  const collector = new Collector();
  const version = root.get("version");
  if (version.number() !== 2)
    version.refuse(`is ${version.number()}; version 2 is read`, "asv update converts older files.");
  const columns = root
    .get("result_columns")
    .someItems()
    .map((column) => column.text());
  const at = (name: string): number => {
    const index = columns.indexOf(name);
    return index >= 0 ? index : root.get("result_columns").refuse(`has no column "${name}"`);
  };
  const indexes = { result: at("result"), params: at("params"), samples: columns.indexOf("samples") };
  for (const [benchmark, row] of root.get("results").members()) {
    readRow(benchmark, row, indexes, declared, collector);
  }
  return collector.results();
}

function readRow(
  benchmark: string,
  row: JsonPlace,
  indexes: { result: number; params: number; samples: number },
  declared: DeclaredMetrics,
  collector: Collector,
): void {
  const cells = row.items();
  const result = cells[indexes.result] ?? row.refuse("has no result");
  const combinations = combine((cells[indexes.params] ?? row.refuse("has no parameters")).items());
  if (result.kind === "null") {
    collector.unmeasured({ benchmark, params: {}, reason: "failed", place: result.place });
    return;
  }
  const values = result.someItems();
  if (values.length !== combinations.length) {
    result.refuse(`holds ${values.length} results for ${combinations.length} combinations of parameters`);
  }
  const about = kindOf(benchmark, row, declared);
  // Trailing columns may be left out.
  const samples = indexes.samples < 0 ? undefined : cells[indexes.samples];
  for (const [i, value] of values.entries()) {
    const params = combinations[i] ?? {};
    const place = value.place;
    if (value.kind === "null" || value.isNaN()) {
      collector.unmeasured({ benchmark, params, reason: value.kind === "null" ? "failed" : "skipped", place });
      continue;
    }
    const own = samples === undefined || samples.kind === "null" ? undefined : samples.items()[i];
    const kept =
      own === undefined || own.kind === "null"
        ? []
        : own.items().map((sample) => scaled(sample.number(), about.factor));
    collector.add({
      benchmark,
      params,
      metric: about.metric,
      unit: about.unit,
      better: about.better,
      value: scaled(value.number(), about.factor),
      statistic: "median",
      samples: kept,
      place,
    });
  }
}

function kindOf(benchmark: string, row: JsonPlace, declared: DeclaredMetrics): About {
  const own = benchmark.slice(benchmark.lastIndexOf(".") + 1);
  return PREFIXES.find(([prefix]) => prefix.test(own))?.[1] ?? declaredAs(benchmark, declared, row);
}

/** All combinations, the last parameter varying fastest. At most 10,000. */
function combine(params: readonly JsonPlace[]): readonly Readonly<Record<string, string>>[] {
  let combinations: readonly Readonly<Record<string, string>>[] = [{}];
  for (const [index, param] of params.entries()) {
    const values = param.someItems().map((value) => value.scalar());
    if (combinations.length * values.length > 10_000) param.refuse("makes more than 10,000 combinations");
    combinations = combinations.flatMap((known) => values.map((value) => ({ ...known, [`param${index}`]: value })));
  }
  return combinations;
}
