/** Which way is worse: a time that rises, or a rate that falls. */
export type Direction = "lower" | "higher";

/**
 * What values are counted in after reading: seconds, bytes, either per second,
 * and "1" for plain counts and ratios.
 */
export type Unit = "s" | "B" | "B/s" | "1/s" | "1";

/** One metric of one benchmark, in one file. */
export interface Measurement {
  /** As the tool names it: `bench.py::test_fib_10`. */
  readonly benchmark: string;
  /** What the tool varied, by name: `{ device: "0" }`. */
  readonly params: Readonly<Record<string, string>>;
  /** `time`, `cpu-time`, `gpu-time`, `batch-gpu-time`, `bytes-per-second`, or a declared name. */
  readonly metric: string;
  readonly unit: Unit;
  /** Which direction is better. */
  readonly better: Direction;
  /** In `unit`; finite, and above zero unless the unit is "1". */
  readonly value: number;
  /** What `value` is of the samples. */
  readonly statistic: "median" | "mean";
  /** In `unit`, as measured; empty when the tool did not keep them (a note says so when it should have). */
  readonly samples: readonly number[];
  /** Where the value stands in the file. */
  readonly place: string;
}

/** A benchmark that the file names but has no value for: it failed or was skipped. Never a zero. */
export interface Unmeasured {
  readonly benchmark: string;
  readonly params: Readonly<Record<string, string>>;
  readonly reason: string;
  readonly place: string;
}

export interface BenchmarkResults {
  readonly measurements: readonly Measurement[];
  readonly unmeasured: readonly Unmeasured[];
  /** What was read with less than it should hold, in sentences. */
  readonly notes: readonly string[];
}

/** `fib{device=0}:gpu-time`: what makes a measurement the same in two files. */
export function measurementKey({
  benchmark,
  params,
  metric,
}: Pick<Measurement, "benchmark" | "params" | "metric">): string {
  const named = Object.entries(params)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`);
  return `${benchmark}${named.length > 0 ? `{${named.join(",")}}` : ""}:${metric}`;
}
