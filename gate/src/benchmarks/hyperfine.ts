import type { JsonPlace } from "../text/json-place.ts";
import { Collector } from "./collect.ts";
import type { BenchmarkResults } from "./measurement.ts";

/** `hyperfine --export-json`: wall-clock seconds of a command's runs. A run that exited with an error has no time. */
export function readHyperfine(root: JsonPlace): BenchmarkResults {
  const collector = new Collector();
  for (const result of root.get("results").someItems()) {
    const benchmark = result.get("command").name();
    const params = Object.fromEntries(
      (result.maybe("parameters")?.members() ?? []).map(([name, value]) => [name, value.scalar()]),
    );
    const times = result.get("times");
    const codes = result.maybe("exit_codes")?.items() ?? [];
    const samples = times.someItems().map((time) => time.number());
    if (codes.length > 0 && codes.length !== samples.length) {
      result.get("exit_codes").refuse(`holds ${codes.length} exit codes for ${samples.length} times`);
    }
    // Null is a run that a signal ended.
    const failed = codes.find((code) => code.kind !== "number" || code.number() !== 0);
    if (failed) {
      const reason = failed.kind === "null" ? "a run was ended by a signal" : `a run exited with ${failed.scalar()}`;
      collector.unmeasured({ benchmark, params, reason, place: failed.place });
      continue;
    }
    collector.addSamples(
      { benchmark, params, metric: "time", unit: "s", better: "lower", place: times.place },
      samples,
    );
  }
  return collector.results();
}
