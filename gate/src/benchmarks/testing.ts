import { readFileSync } from "node:fs";
import type { BenchmarkSource } from "./read-benchmarks.ts";

/** Every sample, as a specification would declare it. */
export const SAMPLES: Readonly<Record<string, Omit<BenchmarkSource, "text">>> = Object.fromEntries(
  (
    [
      { file: "asv_rich_008854c4.json", format: "asv" },
      { file: "google_benchmark.json", format: "google-benchmark" },
      { file: "hyperfine.json", format: "hyperfine" },
      { file: "kiln.jsonl", format: "kiln" },
      { file: "nvbench_one_benchmark.json", format: "nvbench" },
      { file: "pyperf_mult_list_py36_cut.json", format: "pyperf" },
      { file: "pytest_benchmark.json", format: "pytest-benchmark" },
      {
        file: "pytorch_hud_v3_add_loop_eager.json",
        format: "pytorch-hud",
        metrics: { compile_time_instruction_count: { unit: "count", better: "lower" } },
      },
      {
        file: "robocache_benchmark_h100_20251106.csv",
        format: "csv",
        columns: {
          benchmark: ["suite", "operation"],
          params: ["implementation", "device", "dtype"],
          metrics: {
            p50_mean: { metric: "p50", unit: "ms", better: "lower", statistic: "mean" },
            p99_mean: { metric: "p99", unit: "ms", better: "lower", statistic: "mean" },
          },
        },
      },
    ] satisfies Omit<BenchmarkSource, "text">[]
  ).map((sample) => [sample.file, sample]),
);

export function sampleText(file: string): string {
  return readFileSync(new URL(`./fixtures/${file}`, import.meta.url), "utf8");
}
