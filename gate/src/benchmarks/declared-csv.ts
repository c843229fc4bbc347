import { scaled } from "../text/scale.ts";
import { parseCsv, type CsvRecord } from "../text/csv.ts";
import { Refusal, shown } from "../text/refusal.ts";
import { Collector } from "./collect.ts";
import { asDeclared, type DeclaredMetric } from "./declared.ts";
import type { BenchmarkResults } from "./measurement.ts";

/** What the columns of a table mean. All are named by the header. */
export interface CsvColumns {
  /** Together they name the benchmark, joined by "/". */
  readonly benchmark: readonly string[];
  /** What else tells two rows apart. */
  readonly params: readonly string[];
  /** By column: what it measures. */
  readonly metrics: Readonly<
    Record<string, DeclaredMetric & { readonly metric: string; readonly statistic: "median" | "mean" }>
  >;
}

/** A table with a header line, read by the declared columns and by nothing else. */
export function readDeclaredCsv(text: string, columns: CsvColumns): BenchmarkResults {
  const [header, ...rows] = parseCsv(text);
  if (!header) throw new Refusal("the file", "is empty");
  const collector = new Collector();
  const indexOf = (name: string): number => {
    const found = header.fields.flatMap((field, i) => (field === name ? [i] : []));
    if (found.length === 1 && found[0] !== undefined) return found[0];
    const has = header.fields.slice(0, 20).join(", ");
    throw new Refusal(
      `line ${header.line}`,
      found.length === 0 ? `there is no column "${name}"` : `column "${name}" is there ${found.length} times`,
      `The header has ${has}.`,
    );
  };
  const benchmark = columns.benchmark.map((name) => [name, indexOf(name)] as const);
  const params = columns.params.map((name) => [name, indexOf(name)] as const);
  const metrics = Object.entries(columns.metrics).map(([name, declared]) => {
    const kind = asDeclared(declared.metric, declared, `line ${header.line}, column "${name}"`);
    return { name, index: indexOf(name), kind, statistic: declared.statistic };
  });
  for (const row of rows) {
    if (row.fields.length !== header.fields.length) {
      throw new Refusal(
        `line ${row.line}`,
        `has ${row.fields.length} fields; the header has ${header.fields.length}`,
        "Was the file cut off, or mixed with other output?",
      );
    }
    const names = benchmark.map(([name, index]) => filled(row, name, index));
    const own = Object.fromEntries(params.map(([name, index]) => [name, row.fields[index] ?? ""]));
    for (const { name, index, kind, statistic } of metrics) {
      const { factor, ...about } = kind;
      const place = `line ${row.line}, column "${name}"`;
      const value = scaled(decimal(filled(row, name, index), place), factor);
      collector.add({ ...about, benchmark: names.join("/"), params: own, value, statistic, samples: [], place });
    }
  }
  return collector.results();
}

function filled(row: CsvRecord, name: string, index: number): string {
  const field = row.fields[index]?.trim() ?? "";
  if (field === "") throw new Refusal(`line ${row.line}, column "${name}"`, "is empty");
  return field;
}

/** A decimal number as programs write it: no separators, a point. */
function decimal(text: string, place: string): number {
  if (!/^[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/u.test(text)) {
    throw new Refusal(
      place,
      `is ${shown(text)}, not a number`,
      "Numbers have a decimal point and no thousands separators.",
    );
  }
  return Number(text);
}
