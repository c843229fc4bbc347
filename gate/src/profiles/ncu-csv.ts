import { parseCsv, type CsvRecord } from "../text/csv.ts";
import { attempt, Refusal, shown, type Read } from "../text/refusal.ts";
import type { KernelMetric, KernelProfile } from "./kernel.ts";
import { inBaseUnits } from "./ncu-units.ts";

export interface NcuSource {
  /** For messages. */
  readonly file: string;
  readonly text: string;
  /** Those that are kept; each launch has each of them, as a value or as missing. */
  readonly metrics: readonly string[];
}

interface NcuProfiles {
  readonly kernels: readonly KernelProfile[];
  /** Lines of the profiled program, or of ncu, that stood in the file. */
  readonly otherLines: number;
}

/** At most this many launches are taken from one file. */
const LAUNCHES_MAX = 100_000;
const TEXT_MAX = 256 * 1024 * 1024;

/** What ncu says instead of results, and what to do. */
const SAID: readonly (readonly [pattern: RegExp, problem: string, advice: string])[] = [
  [
    /ERR_NVGPUCTRPERM/u,
    "the driver does not let this user read GPU performance counters (ERR_NVGPUCTRPERM)",
    "On the host, load the nvidia module with NVreg_RestrictProfilingToAdminUsers=0, or profile as an administrator.",
  ],
  [
    /No kernels were profiled/u,
    "no kernel was profiled",
    "Does the command launch a kernel that the name filter matches, after the skipped launches?",
  ],
  [/==ERROR== (?<said>[^\n]{1,200})/u, "ncu ended with an error", ""],
];

/**
 * Reads `ncu --csv`: the details page (a line per metric) and the raw page (a
 * line per launch, units in the second line), found by their header wherever
 * it begins. Columns are read by name. A value that is `n/a`, and a metric
 * that ncu dropped because the chip does not have it, are missing and not 0.
 * Output without a launch is a problem, as is a value in another locale than
 * C's. (Nsight Compute CLI, "Command Line Options", pages and units.)
 */
export function readNcuCsv({ file, text, metrics }: NcuSource): Read<NcuProfiles> {
  return attempt(file, () => {
    if (text.length > TEXT_MAX)
      throw new Refusal("the file", `has ${text.length} characters; at most ${TEXT_MAX} are read`);
    const { header, rows, otherLines } = table(text);
    const columns = new Columns(header);
    const kernels = columns.has("Metric Name") ? detailsPage(columns, rows, metrics) : rawPage(columns, rows, metrics);
    if (kernels.length === 0)
      throw new Refusal(`line ${header.line}`, "no launch follows the header", "Was the file cut off?");
    if (kernels.every((kernel) => kernel.metrics.size === 0)) {
      throw new Refusal(
        `line ${header.line}`,
        `none of the ${metrics.length} metrics asked for has a value`,
        "Names differ between chips: see ncu --query-metrics.",
      );
    }
    return { kernels, otherLines };
  });
}

/** The table among whatever else the program and ncu printed. */
function table(text: string): { header: CsvRecord; rows: readonly CsvRecord[]; otherLines: number } {
  const lines = text.replace("\uFEFF", "").split(/\r?\n/u);
  const start = lines.findIndex((line) => line.startsWith('"ID","'));
  if (start < 0) throw notATable(text);
  const records: CsvRecord[] = [];
  let otherLines = lines.slice(0, start).filter((line) => line !== "").length;
  for (const [i, line] of lines.entries()) {
    if (i < start || line === "") continue;
    const number = i + 1;
    if (!line.startsWith('"')) {
      // A row that lost its beginning is not the program's output.
      if (line.includes('","'))
        throw new Refusal(
          `line ${number}`,
          `is part of a row: ${shown(line)}`,
          "Was other output written into the file?",
        );
      otherLines += 1;
      continue;
    }
    const [record] = atLine(number, line);
    if (record) records.push({ line: number, fields: record.fields });
  }
  const [header, ...rows] = records;
  if (!header) throw notATable(text);
  for (const row of rows) {
    if (row.fields.length === header.fields.length) continue;
    throw new Refusal(
      `line ${row.line}`,
      `has ${row.fields.length} fields; the header has ${header.fields.length}`,
      "Was the file cut off?",
    );
  }
  return { header, rows, otherLines };
}

function atLine(number: number, line: string): readonly CsvRecord[] {
  try {
    return parseCsv(line);
  } catch (error) {
    if (error instanceof Refusal) throw new Refusal(`line ${number}`, error.message, error.advice);
    throw error;
  }
}

function notATable(text: string): Refusal {
  for (const [pattern, problem, advice] of SAID) {
    const found = pattern.exec(text);
    if (found) return new Refusal("the file", problem, advice || (found.groups?.["said"] ?? ""));
  }
  if (text.trim() === "") return new Refusal("the file", "is empty", "Did ncu run?");
  return new Refusal("the file", 'has no table of ncu: no line begins with "ID","', "Is it the output of ncu --csv?");
}

class Columns {
  readonly #header: CsvRecord;
  readonly #index = new Map<string, number>();

  constructor(header: CsvRecord) {
    this.#header = header;
    for (const [i, name] of header.fields.entries()) {
      if (this.#index.has(name)) throw new Refusal(`line ${header.line}`, `column ${shown(name)} is there twice`);
      this.#index.set(name, i);
    }
  }

  has(name: string): boolean {
    return this.#index.has(name);
  }

  get(row: CsvRecord, name: string): string {
    const index = this.#index.get(name);
    if (index === undefined) throw new Refusal(`line ${this.#header.line}`, `there is no column ${shown(name)}`);
    return row.fields[index] ?? "";
  }

  /** Undefined: the column is not there, or has nothing in this row. */
  find(row: CsvRecord, name: string): string | undefined {
    const index = this.#index.get(name);
    const value = index === undefined ? undefined : row.fields[index]?.trim();
    return value === "" || value === "n/a" ? undefined : value;
  }
}

interface Launch {
  readonly about: Omit<KernelProfile, "metrics" | "missing">;
  readonly line: number;
  readonly metrics: Map<string, KernelMetric>;
  readonly missing: Map<string, string>;
}

function launchOf(columns: Columns, row: CsvRecord): Launch {
  const kernel = columns.get(row, "Kernel Name");
  if (kernel === "") throw new Refusal(`line ${row.line}, column "Kernel Name"`, "is empty");
  return {
    about: {
      id: columns.get(row, "ID"),
      kernel,
      block: columns.find(row, "Block Size") ?? dimensions(columns, row, "block"),
      grid: columns.find(row, "Grid Size") ?? dimensions(columns, row, "grid"),
      device: columns.find(row, "Device") ?? columns.find(row, "launch__device_id") ?? "",
      computeCapability: columns.find(row, "CC") ?? computeCapability(columns, row),
    },
    line: row.line,
    metrics: new Map(),
    missing: new Map(),
  };
}

/** Versions before 2023 have no column of it: then the metrics of the launch tell, and without any the row is refused. */
function dimensions(columns: Columns, row: CsvRecord, what: "block" | "grid"): string {
  const sizes = ["x", "y", "z"].map((axis) => columns.find(row, `launch__${what}_dim_${axis}`));
  if (sizes.every((size) => size !== undefined)) return `(${sizes.join(", ")})`;
  const total = columns.find(row, `launch__${what}_size`);
  if (total !== undefined) return `(${total})`;
  const column = what === "block" ? "Block Size" : "Grid Size";
  throw new Refusal(
    `line ${row.line}`,
    `has neither column ${shown(column)} nor a value of launch__${what}_size`,
    "Launches of different sizes cannot be told apart without.",
  );
}

function computeCapability(columns: Columns, row: CsvRecord): string {
  const parts = ["major", "minor"].map((part) => columns.find(row, `device__attribute_compute_capability_${part}`));
  return parts.every((part) => part !== undefined) ? parts.join(".") : "";
}

function detailsPage(columns: Columns, rows: readonly CsvRecord[], asked: readonly string[]): readonly KernelProfile[] {
  const wanted = new Set(asked);
  const launches = new Map<string, Launch>();
  for (const row of rows) {
    const id = launchId(columns, row);
    const launch = launches.get(id) ?? launchOf(columns, row);
    if (launch.about.kernel !== columns.get(row, "Kernel Name")) {
      throw new Refusal(
        `line ${row.line}, column "Kernel Name"`,
        `launch ${id} was ${shown(launch.about.kernel)} before`,
      );
    }
    launches.set(id, launch);
    const metric = columns.get(row, "Metric Name");
    if (wanted.has(metric))
      put(launch, metric, columns.get(row, "Metric Unit"), columns.get(row, "Metric Value"), row.line);
  }
  return finish(launches, asked);
}

function rawPage(columns: Columns, rows: readonly CsvRecord[], asked: readonly string[]): readonly KernelProfile[] {
  const [units, ...values] = rows;
  if (!units) return [];
  if (columns.get(units, "ID") !== "")
    throw new Refusal(`line ${units.line}`, "is not the line of units: it has an ID");
  const launches = new Map<string, Launch>();
  for (const row of values) {
    const id = launchId(columns, row);
    if (launches.has(id)) throw new Refusal(`line ${row.line}, column "ID"`, `launch ${id} is there twice`);
    const launch = launchOf(columns, row);
    launches.set(id, launch);
    for (const metric of asked) {
      if (columns.has(metric)) put(launch, metric, columns.get(units, metric), columns.get(row, metric), row.line);
    }
  }
  return finish(launches, asked);
}

function launchId(columns: Columns, row: CsvRecord): string {
  const id = columns.get(row, "ID");
  if (!/^\d+$/u.test(id)) throw new Refusal(`line ${row.line}, column "ID"`, `is ${shown(id)}, not a number`);
  return id;
}

function put(launch: Launch, metric: string, unit: string, written: string, line: number): void {
  const place = `line ${line}, ${metric}`;
  if (launch.metrics.has(metric) || launch.missing.has(metric))
    throw new Refusal(place, `launch ${launch.about.id} has it twice`);
  const value = written.trim();
  if (value === "n/a" || value === "(!) n/a" || value === "") {
    launch.missing.set(metric, `ncu has no value for it (${value === "" ? "an empty field" : value})`);
    return;
  }
  // Plain, or with the thousands separators of the C locale's CSV writer.
  if (!/^-?(?:\d+|\d{1,3}(?:,\d{3})+)(?:\.\d+)?(?:[eE][+-]?\d+)?$/u.test(value)) {
    throw new Refusal(
      place,
      `is ${shown(value)}, not a number`,
      "ncu runs with LC_ALL=C, so that numbers have a decimal point.",
    );
  }
  const read = inBaseUnits(Number(value.replaceAll(",", "")), unit.trim());
  if (!Number.isFinite(read.value)) throw new Refusal(place, `is ${shown(value)}, larger than any counter`);
  if (read.unit === "s" && !(read.value > 0))
    throw new Refusal(place, `is a time of ${read.value} s`, "A launch that was measured takes time.");
  launch.metrics.set(metric, read);
}

function finish(launches: ReadonlyMap<string, Launch>, asked: readonly string[]): readonly KernelProfile[] {
  if (launches.size > LAUNCHES_MAX)
    throw new Refusal("the file", `holds ${launches.size} launches; at most ${LAUNCHES_MAX} are taken`);
  return [...launches.values()].map(({ about, metrics, missing }) => {
    for (const metric of asked) {
      if (!metrics.has(metric) && !missing.has(metric))
        missing.set(metric, "ncu did not report it: the chip does not have it under this name");
    }
    return { ...about, metrics, missing };
  });
}
