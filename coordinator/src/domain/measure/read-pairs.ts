import {
  describeProblem,
  measurementKey,
  readBenchmarks,
  type BenchmarkSource,
  type MeasuredPair,
  type Measurement,
} from "@kiln/gate";
import type { PlannedBench } from "@kiln/matrix";
import type { MeasuredProcess } from "@kiln/proto";

/** What one benchmark's processes measured, in the order in which the pairs ran. */
export interface BenchmarkPairs {
  /** `fib{n=20}:time`. */
  readonly key: string;
  readonly unit: Measurement["unit"];
  readonly better: Measurement["better"];
  readonly pairs: readonly MeasuredPair[];
  /** Of every process of the candidate. */
  readonly values: readonly number[];
  /** Of every process of the baseline. */
  readonly baselineValues: readonly number[];
}

export type PairsRead =
  | { readonly ok: true; readonly benchmarks: readonly BenchmarkPairs[]; readonly notes: readonly string[] }
  /** Names the file and the place. */
  | { readonly ok: false; readonly problem: string };

/** Texts of files by their name. */
export type Texts = ReadonlyMap<string, string>;

interface Series {
  readonly sample: Measurement;
  readonly byPair: Map<number, Partial<Record<MeasuredProcess["arm"], number>>>;
}

/** Reads the results of all processes of one attempt. Any file that cannot be read spoils all: nothing is left out in silence. */
export function readPairs(job: PlannedBench, processes: readonly MeasuredProcess[], texts: Texts): PairsRead {
  const series = new Map<string, Series>();
  const notes = new Set<string>();
  const measured = processes.filter(({ pair }) => pair > 0);
  for (const { arm, pair, files } of measured) {
    for (const file of files) {
      const read = readBenchmarks(sourceOf(job, file, texts.get(file) ?? ""));
      if (!read.ok) return { ok: false, problem: describeProblem(read.problem) };
      for (const note of read.notes) notes.add(note);
      for (const { benchmark, reason } of read.unmeasured) notes.add(`${benchmark}: ${reason}`);
      for (const measurement of read.measurements) {
        const problem = take(series, measurement, { arm, pair, file });
        if (problem !== null) return { ok: false, problem };
      }
    }
  }
  const benchmarks = [...series].map(([key, one]) => pairsOf(key, one, measured));
  return { ok: true, benchmarks, notes: [...notes] };
}

function take(
  series: Map<string, Series>,
  measurement: Measurement,
  { arm, pair, file }: { readonly arm: MeasuredProcess["arm"]; readonly pair: number; readonly file: string },
): string | null {
  const key = measurementKey(measurement);
  let one = series.get(key);
  if (!one) series.set(key, (one = { sample: measurement, byPair: new Map() }));
  const { unit, better } = one.sample;
  if (measurement.unit !== unit || measurement.better !== better) {
    return `${file}, ${measurement.place}: ${key} is in ${measurement.unit} here and in ${unit} elsewhere`;
  }
  const both = one.byPair.get(pair) ?? {};
  if (both[arm] !== undefined) return `${file}, ${measurement.place}: ${key} is there twice in one process`;
  one.byPair.set(pair, { ...both, [arm]: measurement.value });
  return null;
}

function pairsOf(key: string, { sample, byPair }: Series, processes: readonly MeasuredProcess[]): BenchmarkPairs {
  const stampOf = (pair: number, arm: MeasuredProcess["arm"]) =>
    processes.find((one) => one.pair === pair && one.arm === arm)?.stamp;
  const pairs = [...byPair].flatMap(([pair, { baseline, candidate }]): MeasuredPair[] => {
    const [ofBaseline, ofCandidate] = [stampOf(pair, "baseline"), stampOf(pair, "candidate")];
    if (baseline === undefined || candidate === undefined || !ofBaseline || !ofCandidate) return [];
    return [
      {
        first: processes.find((one) => one.pair === pair)?.arm ?? "baseline",
        baseline: { value: baseline, stamp: ofBaseline },
        candidate: { value: candidate, stamp: ofCandidate },
      },
    ];
  });
  const valuesOf = (arm: MeasuredProcess["arm"]) => [...byPair.values()].flatMap((both) => both[arm] ?? []);
  const { unit, better } = sample;
  return { key, unit, better, pairs, values: valuesOf("candidate"), baselineValues: valuesOf("baseline") };
}

function sourceOf({ format, metrics, columns }: PlannedBench, file: string, text: string): BenchmarkSource {
  const declared = Object.entries(metrics).map(
    ([name, metric]) => [name, { ...metric, metric: name, statistic: "median" }] as const,
  );
  return {
    ...{ file, text, format, metrics },
    ...(columns ? { columns: { ...columns, metrics: Object.fromEntries(declared) } } : {}),
  };
}
