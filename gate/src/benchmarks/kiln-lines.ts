import { scaled } from "../text/scale.ts";
import type { JsonPlace } from "../text/json-place.ts";
import { Refusal } from "../text/refusal.ts";
import { Collector } from "./collect.ts";
import { asDeclared } from "./declared.ts";
import type { BenchmarkResults } from "./measurement.ts";

/**
 * Kiln's own format, one JSON object a line:
 *
 *     {"kiln": "benchmarks/1"}
 *     {"benchmark": "fib", "params": {"n": 20}, "metric": "time", "unit": "ms", "better": "lower", "samples": [1.2, 1.3]}
 *     {"end": 1}
 *
 * The last line counts the measurements, so that a file that was cut between
 * two lines is seen to be cut. The value is the median of the samples.
 */
export function readKilnLines(lines: readonly JsonPlace[]): BenchmarkResults {
  const [head, ...rest] = lines;
  if (head?.maybe("kiln")?.text() !== "benchmarks/1") {
    throw new Refusal(head?.place ?? "the file", 'does not begin with {"kiln": "benchmarks/1"}');
  }
  const end = rest.at(-1);
  const count = end?.maybe("end");
  if (!end || !count)
    throw new Refusal(end?.place ?? head.place, 'the last line is not {"end": COUNT}', "Was the file cut off?");
  const rows = rest.slice(0, -1);
  if (count.number() !== rows.length) {
    count.refuse(`counts ${count.number()} measurements; the file has ${rows.length}`, "Was the file cut?");
  }
  const collector = new Collector();
  for (const row of rows) readRow(row, collector);
  return collector.results();
}

function readRow(row: JsonPlace, collector: Collector): void {
  const benchmark = row.get("benchmark").name();
  const params = Object.fromEntries(
    (row.maybe("params")?.members() ?? []).map(([name, value]) => [name, value.scalar()]),
  );
  const better = row.get("better").text();
  if (better !== "lower" && better !== "higher") row.get("better").refuse(`is "${better}", not "lower" or "higher"`);
  const failed = row.maybe("failed");
  if (failed) {
    collector.unmeasured({ benchmark, params, reason: `failed: ${failed.text()}`, place: failed.place });
    return;
  }
  const unit = row.get("unit");
  const { factor, ...about } = asDeclared(
    row.get("metric").name(),
    { unit: unit.text(), better: better === "higher" ? "higher" : "lower" },
    unit.place,
  );
  const samples = row.get("samples");
  collector.addSamples(
    { ...about, benchmark, params, place: samples.place },
    samples.someItems().map((sample) => scaled(sample.number(), factor)),
  );
}
