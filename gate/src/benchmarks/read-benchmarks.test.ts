import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { describeProblem } from "../text/refusal.ts";
import { mutated } from "../text/testing.ts";
import { measurementKey, type BenchmarkResults } from "./measurement.ts";
import { readBenchmarks, type BenchmarkFormat, type BenchmarkSource } from "./read-benchmarks.ts";
import { SAMPLES, sampleText } from "./testing.ts";

function read(file: string, change: (text: string) => string = (text) => text): BenchmarkResults {
  const sample = SAMPLES[file]!;
  const result = readBenchmarks({ ...sample, text: change(sampleText(file)) });
  if (!result.ok) throw new Error(describeProblem(result.problem));
  return result;
}

function refusal(file: string, change: (text: string) => string): string {
  const sample = SAMPLES[file]!;
  const before = sampleText(file);
  const after = change(before);
  expect(after).not.toBe(before);
  const result = readBenchmarks({ ...sample, text: after });
  if (result.ok) throw new Error("it was read");
  return describeProblem(result.problem);
}

const brief = ({ measurements }: BenchmarkResults) =>
  measurements.map((one) => [measurementKey(one), one.value, one.unit, one.better, one.samples.length] as const);

describe("each sample is read to its values in base units", () => {
  test("pytest-benchmark: medians in seconds; samples that are not complete are dropped, and that is said", () => {
    const results = read("pytest_benchmark.json");
    expect(brief(results)).toEqual([
      ["bench.py::test_fib_10:time", 2.2300000000363696e-5, "s", "lower", 0],
      ["bench.py::test_fib_20:time", 0.0029605825000003083, "s", "lower", 0],
    ]);
    expect(results.notes[0]).toContain("benchmarks[0].stats.data[4] (line 68");
  });

  test("Google Benchmark: nanoseconds become seconds, wall and CPU time apart", () => {
    expect(brief(read("google_benchmark.json"))).toEqual([
      ["fib_10:time", expect.closeTo(214.989801e-9, 15), "s", "lower", 1],
      ["fib_10:cpu-time", expect.closeTo(213.655072e-9, 15), "s", "lower", 1],
      ["fib_20:time", expect.closeTo(27455.600415e-9, 15), "s", "lower", 1],
      ["fib_20:cpu-time", expect.closeTo(27364.903204e-9, 15), "s", "lower", 1],
    ]);
  });

  test("nvbench: numbers in strings, per device", () => {
    const results = brief(read("nvbench_one_benchmark.json"));
    expect(results).toHaveLength(6);
    expect(results).toContainEqual(["simple{device=0}:gpu-time", 0.0010034006580799991, "s", "lower", 0]);
    expect(results).toContainEqual(["simple{device=1}:batch-gpu-time", 0.0010014740456151597, "s", "lower", 0]);
  });

  test("asv: values by result column; failed benchmarks have none and are named", () => {
    const { measurements, unmeasured } = read("asv_rich_008854c4.json");
    expect(measurements[0]).toMatchObject({
      benchmark: "benchmarks.ColorSuite.time_downgrade_to_eight_bit",
      metric: "time",
      unit: "s",
      value: 1.7035716302047938e-7,
    });
    expect(unmeasured.map(({ benchmark, reason }) => `${benchmark} ${reason}`)).toContain(
      "benchmarks.SyntaxWrappingSuite.time_text_thin_terminal_heavy_wrapping failed",
    );
    expect(measurements.length + unmeasured.length).toBe(30);
  });

  test("pyperf: values of all worker processes, without warm-ups and calibration", () => {
    expect(brief(read("pyperf_mult_list_py36_cut.json"))).toEqual([
      ["[1]*1000:time", expect.closeTo(2.1e-6, 7), "s", "lower", 12],
      ["[1,2]*1000:time", expect.closeTo(3.7e-6, 6), "s", "lower", 12],
    ]);
  });

  test("hyperfine: seconds of each run, and their median as the tool has it", () => {
    const text = JSON.parse(sampleText("hyperfine.json")) as { results: { median: number }[] };
    expect(brief(read("hyperfine.json"))).toEqual([
      ["sleep 0.1:time", expect.closeTo(text.results[0]!.median, 15), "s", "lower", 27],
      ["sleep 0.2:time", expect.closeTo(text.results[1]!.median, 15), "s", "lower", 13],
    ]);
  });

  test("PyTorch HUD: with the declared unit, as an array and as one record a line", () => {
    const expected = [
      [
        "pr_time_benchmarks/add_loop_eager{backend=eager,device=cpu}:compile_time_instruction_count",
        3_086_359_081,
        "1",
        "lower",
        1,
      ],
    ];
    expect(brief(read("pytorch_hud_v3_add_loop_eager.json"))).toEqual(expected);
    expect(brief(read("pytorch_hud_v3_add_loop_eager.json", (text) => text.trim().slice(1, -1)))).toEqual(expected);
  });

  test("a table: declared columns in milliseconds, told apart by declared parameters", () => {
    const results = brief(read("robocache_benchmark_h100_20251106.csv"));
    expect(results).toHaveLength(12);
    expect(results[0]).toEqual([
      "trajectory_resampling/trajectory_resample_small{device=cuda,dtype=torch.bfloat16,implementation=cuda}:p50",
      expect.closeTo(0.0001837410032749176, 15),
      "s",
      "lower",
      0,
    ]);
  });

  test("Kiln's own lines: samples with their unit, failures by name", () => {
    const results = read("kiln.jsonl");
    expect(brief(results)).toEqual([
      ["fib{n=20}:time", 0.0015, "s", "lower", 3],
      ["decode:throughput", 5120.5, "1/s", "higher", 1],
    ]);
    expect(results.unmeasured).toMatchObject([{ benchmark: "sort", reason: "failed: out of memory" }]);
  });
});

describe("what cannot be read names the file and the place", () => {
  test.for<[string, (text: string) => string, RegExp]>([
    [
      "pytest_benchmark.json",
      (t) => t.replace('"median": 2.2300000000363696e-05', '"median": "fast"'),
      /^pytest_benchmark\.json: benchmarks\[0\]\.stats\.median \(line 52, column \d+\): is "fast", not a number/u,
    ],
    [
      "pytest_benchmark.json",
      (t) => t.replace('"median": 2.2300000000363696e-05', '"median": 0.0'),
      /median \(line 52.*outside min/u,
    ],
    [
      "pytest_benchmark.json",
      (t) => t.replace(/"benchmarks": \[[^]*\],\n {4}"datetime"/u, '"benchmarks": [],\n    "datetime"'),
      /benchmarks \(line \d+, column \d+\): is empty/u,
    ],
    [
      "pytest_benchmark.json",
      (t) => t.replaceAll("test_fib_20", "test_fib_10"),
      /is there twice: first at benchmarks\[0\]/u,
    ],
    [
      "google_benchmark.json",
      (t) => t.replace('"time_unit": "ns"', '"time_unit": "ticks"'),
      /time_unit .*"ticks", not a unit of time/u,
    ],
    ["google_benchmark.json", (t) => t.slice(0, -40), /line \d+, column \d+: .*The file is not valid JSON/u],
    [
      "google_benchmark.json",
      (t) => t.replace("2.1498980114547953e+02", "0"),
      /benchmarks\[0\]\.real_time .* has a time of 0 s/u,
    ],
    ["nvbench_one_benchmark.json", (t) => t.replace('"0.0010034006580799991"', '""'), /not a number in a string/u],
    [
      "nvbench_one_benchmark.json",
      (t) => t.replaceAll(/nv\/(cold|batch)\/time/gu, "nv/other"),
      /holds no time and no rate/u,
    ],
    [
      "hyperfine.json",
      (t) => t.replaceAll(/"exit_codes": \[\s+0/gu, '"exit_codes": [ 1'),
      /none of 2 benchmarks has a value; the first: sleep 0\.1 a run exited with 1/u,
    ],
    ["pyperf_mult_list_py36_cut.json", (t) => t.replaceAll('"values"', '"value"'), /no run of \[1\]\*1000 has values/u],
    ["asv_rich_008854c4.json", (t) => t.replace('"version": 2', '"version": 1'), /version .*version 2 is read/u],
    [
      "asv_rich_008854c4.json",
      (t) => t.replace('TextSuite.time_fit"', 'TextSuite.track_fit"'),
      /the unit of "benchmarks\.TextSuite\.track_fit" is not in the file\. Declare/u,
    ],
    [
      "robocache_benchmark_h100_20251106.csv",
      (t) => t.replace("p50_mean,", "p50,"),
      /line 1: there is no column "p50_mean"\. The header has suite,/u,
    ],
    ["robocache_benchmark_h100_20251106.csv", (t) => t.slice(0, 900), /line \d: has \d+ fields; the header has 19/u],
    [
      "robocache_benchmark_h100_20251106.csv",
      (t) => t.replace("0.1837410032749176", ""),
      /line 2, column "p50_mean": is empty/u,
    ],
    ["kiln.jsonl", (t) => t.replace(/\{"benchmark": "sort".*\n/u, ""), /counts 3 measurements; the file has 2/u],
    ["kiln.jsonl", (t) => t.split("\n").slice(0, 3).join("\n"), /line 3.*the last line is not/u],
    ["kiln.jsonl", (t) => t.replace("1.25, 1.5, 1.75", ""), /samples \(line 2, column \d+\): is empty/u],
  ])("%s, %s", ([file, change, message]) => {
    expect(refusal(file, change)).toMatch(message);
  });

  test("an empty file, and one of another format, is no result in any format", () => {
    const formats = Object.values(SAMPLES);
    for (const sample of formats) {
      for (const text of ["", "\uFEFF", " \n", "{}", "[]", "null", "[{}]", "{", "benchmark,time\n"]) {
        expect(readBenchmarks({ ...sample, text }).ok, `${sample.format}: ${JSON.stringify(text)}`).toBe(false);
      }
      for (const other of formats) {
        if (other.format === sample.format) continue;
        expect(
          readBenchmarks({ ...sample, text: sampleText(other.file) }).ok,
          `${sample.format} of ${other.file}`,
        ).toBe(false);
      }
    }
  });

  test("hostile names and depths are names and problems, nothing more", () => {
    const hostile = (format: BenchmarkFormat, text: string) => readBenchmarks({ file: "x", format, text });
    expect(hostile("kiln", "[".repeat(100_000)).ok).toBe(false);
    expect(hostile("google-benchmark", `{"benchmarks": ${"[".repeat(80)}${"]".repeat(80)}}`)).toMatchObject({
      problem: { problem: expect.stringContaining("64 deep") as string },
    });
    expect(hostile("nvbench", '{"__proto__": 1, "constructor": {"name": 1}}').ok).toBe(false);
    expect(
      hostile(
        "google-benchmark",
        '{"benchmarks": [{"name": "a", "time_unit": "constructor", "real_time": 1, "cpu_time": 1}]}',
      ).ok,
    ).toBe(false);
    const long = `{"benchmarks": [{"name": "${"n".repeat(2_000_000)}", "time_unit": "s", "real_time": 1, "cpu_time": 1}]}`;
    expect(hostile("google-benchmark", long).ok).toBe(true);
  });
});

describe("repetitions and aggregates of Google Benchmark", () => {
  const google = (...entries: readonly object[]): BenchmarkSource => ({
    file: "g.json",
    format: "google-benchmark",
    text: JSON.stringify({
      benchmarks: entries.map((entry) => ({ name: "a", cpu_time: 1, time_unit: "us", ...entry })),
    }),
  });

  test("repetitions are samples of one measurement, and their aggregates are not counted again", () => {
    const result = readBenchmarks(
      google(
        { real_time: 3 },
        { real_time: 5 },
        { real_time: 4 },
        { run_type: "aggregate", aggregate_name: "median", name: "a_median", run_name: "a", real_time: 4 },
      ),
    );
    expect(result).toMatchObject({
      ok: true,
      measurements: [{ benchmark: "a", metric: "time", value: 4e-6, samples: [3e-6, 5e-6, 4e-6] }, {}],
    });
  });

  test("where there are only aggregates the median is taken", () => {
    const aggregate = (name: string, real_time: number) => ({
      run_type: "aggregate",
      run_name: "a",
      name: `a_${name}`,
      aggregate_name: name,
      real_time,
    });
    const result = readBenchmarks(google(aggregate("mean", 9), aggregate("median", 4), aggregate("stddev", 1)));
    expect(result).toMatchObject({ ok: true, measurements: [{ value: 4e-6 }, { metric: "cpu-time" }] });
  });

  test("a benchmark that reported an error has no time", () => {
    const result = readBenchmarks(
      google({ real_time: 0, error_occurred: true, error_message: "no device" }, { name: "b", real_time: 2 }),
    );
    expect(result).toMatchObject({ ok: true, unmeasured: [{ benchmark: "a", reason: "failed: no device" }] });
  });
});

describe("asv's parameters and special values", () => {
  test("results are the product of the parameters, with NaN skipped and null failed", () => {
    const row = '[[1.5, NaN, null, 2.5], [["1", "2"], ["\'x\'", "\'y\'"]], "v"]';
    const text = `{"version": 2, "result_columns": ["result", "params", "version"], "results": {"s.time_a": ${row}}}`;
    const result = readBenchmarks({ file: "asv.json", format: "asv", text });
    expect(result).toMatchObject({
      ok: true,
      measurements: [
        { params: { param0: "1", param1: "'x'" }, value: 1.5 },
        { params: { param0: "2", param1: "'y'" }, value: 2.5 },
      ],
      unmeasured: [
        { params: { param0: "1", param1: "'y'" }, reason: "skipped" },
        { params: { param0: "2", param1: "'x'" }, reason: "failed" },
      ],
    });
  });
});

describe("10,000 damaged files", () => {
  test.for(Object.keys(SAMPLES))(
    "%s: each is a problem with a place, or measurements that measured something",
    (file) => {
      const sample = SAMPLES[file]!;
      let [readable, refused] = [0, 0];
      fc.assert(
        fc.property(mutated(sampleText(file)), (text) => {
          const result = readBenchmarks({ ...sample, text });
          if (!result.ok) {
            refused += 1;
            expect(result.problem.file).toBe(file);
            expect(result.problem.place).not.toBe("");
            return;
          }
          readable += 1;
          expect(result.measurements.length).toBeGreaterThan(0);
          for (const { value, samples, unit, place } of result.measurements) {
            expect(place).toMatch(/line \d+/u);
            for (const one of [value, ...samples])
              expect(unit === "1" ? Number.isFinite(one) : one > 0 && one < Infinity).toBe(true);
          }
        }),
        { numRuns: 1_200, seed: 6 },
      );
      expect(refused).toBeGreaterThan(200);
      expect(readable).toBeGreaterThan(20);
    },
  );
});
