import { JsonPlace } from "../text/json-place.ts";
import { attempt, Refusal, type Read } from "../text/refusal.ts";
import { readAsv } from "./asv.ts";
import type { DeclaredMetrics } from "./declared.ts";
import { readDeclaredCsv, type CsvColumns } from "./declared-csv.ts";
import { readGoogleBenchmark } from "./google-benchmark.ts";
import { readHyperfine } from "./hyperfine.ts";
import { readKilnLines } from "./kiln-lines.ts";
import type { BenchmarkResults } from "./measurement.ts";
import { readNvbench } from "./nvbench.ts";
import { readPyperf } from "./pyperf.ts";
import { readPytestBenchmark } from "./pytest-benchmark.ts";
import { hudRecords, readPytorchHud } from "./pytorch-hud.ts";

export type BenchmarkFormat =
  | "pytest-benchmark"
  | "google-benchmark"
  | "nvbench"
  | "asv"
  | "pyperf"
  | "hyperfine"
  | "pytorch-hud"
  | "kiln"
  | "csv";

export interface BenchmarkSource {
  /** For messages: as the author named it. */
  readonly file: string;
  readonly text: string;
  readonly format: BenchmarkFormat;
  /** Units of metrics whose file does not hold them (asv's `track_…`, PyTorch HUD); by the name in the file. */
  readonly metrics?: DeclaredMetrics;
  /** What the columns of a `csv` are. */
  readonly columns?: CsvColumns;
}

/** Larger files are no summary of a benchmark. In UTF-16 units. */
const TEXT_MAX = 64 * 1024 * 1024;

const READERS = {
  "pytest-benchmark": ({ text }) => readPytestBenchmark(JsonPlace.parse(text)),
  "google-benchmark": ({ text }) => readGoogleBenchmark(JsonPlace.parse(text)),
  nvbench: ({ text }) => readNvbench(JsonPlace.parse(text)),
  asv: ({ text, metrics }) => readAsv(JsonPlace.parse(text), metrics ?? {}),
  pyperf: ({ text }) => readPyperf(JsonPlace.parse(text)),
  hyperfine: ({ text }) => readHyperfine(JsonPlace.parse(text)),
  "pytorch-hud": ({ text, metrics }) => readPytorchHud(hudRecords(text), metrics ?? {}),
  kiln: ({ text }) => readKilnLines(JsonPlace.parseLines(text)),
  csv: ({ text, columns }) => {
    if (!columns)
      throw new Refusal("the file", "is a table whose columns are not declared", "Declare what its columns are.");
    return readDeclaredCsv(text, columns);
  },
} as const satisfies Record<BenchmarkFormat, (source: BenchmarkSource) => BenchmarkResults>;

/**
 * Reads the results of a benchmark tool: values in base units, never a zero
 * for what is missing. A file that is empty, cut, of another format or without
 * one measured value is a problem that names the file and the place. O(text).
 */
export function readBenchmarks(source: BenchmarkSource): Read<BenchmarkResults> {
  return attempt(source.file, () => {
    const { text, format } = source;
    if (text.length > TEXT_MAX)
      throw new Refusal("the file", `has ${text.length} characters; at most ${TEXT_MAX} are read`);
    if (text.replace("\uFEFF", "").trim() === "")
      throw new Refusal("the file", "is empty", "Did the benchmark write it?");
    return READERS[format](source);
  });
}
