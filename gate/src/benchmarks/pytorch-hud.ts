import { scaled } from "../text/scale.ts";
import { JsonPlace } from "../text/json-place.ts";
import { Collector } from "./collect.ts";
import { declaredAs, type DeclaredMetrics } from "./declared.ts";
import type { BenchmarkResults } from "./measurement.ts";

/**
 * Benchmark records of PyTorch's dashboard, schema v3: a JSON array, or
 * one record a line. A record names its metric and not its unit, so
 * that it must be declared.
 * (github.com/pytorch/pytorch/wiki, "How to integrate with PyTorch OSS benchmark database".)
 */
export function readPytorchHud(records: readonly JsonPlace[], declared: DeclaredMetrics): BenchmarkResults {
  const collector = new Collector();
  for (const record of records) {
    const suite = record.get("benchmark");
    const model = record.maybe("model");
    const metric = record.get("metric");
    const name = metric.get("name");
    const params: Record<string, string> = {};
    const put = (key: string, from: JsonPlace | undefined): void => {
      if (from && from.kind !== "null") params[key] = from.scalar();
    };
    put("mode", suite.maybe("mode"));
    put("dtype", suite.maybe("dtype"));
    put("device", suite.maybe("extra_info")?.maybe("device"));
    put("backend", model?.maybe("backend"));
    const { factor, ...about } = declaredAs(name.name(), declared, name);
    const values = metric.get("benchmark_values");
    collector.addSamples(
      {
        ...about,
        benchmark: [suite.get("name").name(), ...(model ? [model.get("name").name()] : [])].join("/"),
        params,
        place: values.place,
      },
      values.someItems().map((value) => scaled(value.number(), factor)),
    );
  }
  return collector.results();
}

/** The records of an array, or of one object a line. */
export function hudRecords(text: string): readonly JsonPlace[] {
  if (/^\uFEFF?\s*\[/u.test(text)) return JsonPlace.parse(text).someItems();
  return JsonPlace.parseLines(text);
}
