import { valid } from "@renovatebot/pep440";
import { readChoice, readEntries, readLine, readList, readSection, type Field, type SectionFields } from "./fields.ts";
import type { ProblemList } from "./problem-list.ts";
import { quote } from "./quote.ts";
import { readCommon } from "./read-commands.ts";
import { readCondition } from "./read-condition.ts";
import { readCount } from "./read-count.ts";
import { BENCH_FORMATS, type BaselineSpec, type BenchSpec, type MeasureSpec, type ProfileSpec } from "./spec.ts";
import { SPEC_LIMITS } from "./spec-limits.ts";

const RESULTS = "*.json";
const BOUND_BY = ["gpu", "host", "both"] as const;
const LAUNCHES = {
  skip: { max: SPEC_LIMITS.launchesMax, missing: 20, example: 20 },
  count: { max: SPEC_LIMITS.launchesMax, missing: 3, example: 3 },
} as const;
/** The name of a metric or column: what a header or a JSON key may be. */
const METRIC_NAME = { pattern: /^\P{Cc}+$/u, shape: "latency" };

/** null when the file has none. */
export function readBench(
  field: Field | undefined,
  axes: ReadonlySet<string>,
  problems: ProblemList,
): BenchSpec | null {
  const fields = sectionOf("bench", field, problems);
  if (!fields) return null;
  const format = readChoice(fields.format, BENCH_FORMATS, problems);
  const metrics = readMetrics(fields.metrics, problems);
  const columns = readColumns(fields.columns, problems);
  if (format === "csv" && !(columns && Object.keys(metrics).length > 0)) {
    const at = (fields.format ?? field)?.keyAt;
    const suggestion = "add columns: {benchmark: [name]} and metrics: {time: ms lower}";
    if (at) problems.add(at, "bench.format", "a csv needs its columns and its metrics declared", suggestion);
  }
  return {
    ...readMeasure("bench", fields, axes, problems),
    format,
    results: readResults(fields.results, problems),
    metrics,
    columns,
    baseline: readBaseline(fields.baseline, problems),
    boundBy: fields["bound-by"] ? readChoice(fields["bound-by"], BOUND_BY, problems) : null,
  };
}

/** null when the file has none. */
export function readProfile(
  field: Field | undefined,
  axes: ReadonlySet<string>,
  problems: ProblemList,
): ProfileSpec | null {
  const fields = sectionOf("profile", field, problems);
  if (!fields) return null;
  const count = readCount(fields["launch-count"], LAUNCHES.count, problems);
  if (count === 0 && fields["launch-count"]) {
    const { value, path } = fields["launch-count"];
    problems.add(value.at, path, "no launch would be profiled", `write ${LAUNCHES.count.example}`);
  }
  return {
    ...readMeasure("profile", fields, axes, problems),
    kernels: fields.kernels ? readKernels(fields.kernels, problems) : null,
    launchSkip: readCount(fields["launch-skip"], LAUNCHES.skip, problems),
    launchCount: count,
  };
}

function sectionOf<S extends "bench" | "profile">(
  section: S,
  field: Field | undefined,
  problems: ProblemList,
): SectionFields<S> | null {
  if (!field || field.value.type === "null") return null;
  const fields = readSection(section, field.value, problems);
  if (field.value.type === "map" && !("command" in fields)) {
    const suggestion = `add what to run, such as command: python ${section}.py`;
    problems.add(field.keyAt, section, `${section} has no command`, suggestion);
  }
  return fields;
}

function readMeasure(
  section: "bench" | "profile",
  fields: SectionFields<"bench"> & SectionFields<"profile">,
  axes: ReadonlySet<string>,
  problems: ProblemList,
): MeasureSpec {
  const common = readCommon(fields, `python ${section}.py`, "refused", "gpu", problems);
  return { when: readCondition(fields.when, axes, problems), ...common };
}

function readResults(field: Field | undefined, problems: ProblemList): string {
  if (!field) return RESULTS;
  const text = readLine(field, `the name of a file in KILN_RESULTS, such as ${RESULTS}`, 100, problems);
  if (text === null) return RESULTS;
  if (!/[/\\]/.test(text)) return text;
  const message = `${quote(text)} has a folder: results are read from KILN_RESULTS itself`;
  problems.add(field.value.at, field.path, message, `write ${text.split(/[/\\]/).at(-1) || RESULTS}`);
  return RESULTS;
}

function readMetrics(field: Field | undefined, problems: ProblemList): BenchSpec["metrics"] {
  const metrics: Record<string, BenchSpec["metrics"][string]> = {};
  for (const [name, text] of Object.entries(readEntries(field, METRIC_NAME, problems))) {
    const match = /^(\S+)\s+(lower|higher)$/.exec(text.trim());
    if (match?.[1] !== undefined) metrics[name] = { unit: match[1], better: match[2] as "lower" | "higher" };
    else if (field) {
      const message = `${quote(text)} is no unit with a direction`;
      const suggestion = `write the unit and which way is better: {${name}: ms lower} or {${name}: GB/s higher}`;
      problems.add(field.value.at, `${field.path}.${name}`, message, suggestion);
    }
  }
  return metrics;
}

function readColumns(field: Field | undefined, problems: ProblemList): BenchSpec["columns"] {
  if (!field || field.value.type === "null") return null;
  const fields = readSection("bench.columns", field.value, problems);
  const keep = (text: string): string => text;
  const benchmark = readList(fields.benchmark, { shape: "[name]" }, keep, problems);
  if (field.value.type === "map" && benchmark.length === 0) {
    const message = `${field.path} does not say which columns name a benchmark`;
    problems.add(field.keyAt, field.path, message, "add benchmark: [name]");
  }
  return { benchmark, params: readList(fields.params, { shape: "[size]" }, keep, problems) };
}

const BASELINES = "last-release, index, none, a version such as 1.4.2, or {commit: 1a2b3c4}";
const LAST_RELEASE: BaselineSpec = { kind: "last-release" };

function readBaseline(field: Field | undefined, problems: ProblemList): BaselineSpec {
  if (!field) return LAST_RELEASE;
  if (field.value.type === "map") return readCommitBaseline(field, problems);
  const text = readLine(field, BASELINES, SPEC_LIMITS.versionCharsMax, problems);
  if (text === null) return LAST_RELEASE;
  if (text === "last-release" || text === "index" || text === "none") return { kind: text };
  if (valid(text) !== null) return { kind: "version", version: text };
  problems.add(field.value.at, field.path, `${quote(text)} is no version (PEP 440)`, `write ${BASELINES}`);
  return LAST_RELEASE;
}

/** A branch or tag would be another commit on another day, and equal specs make equal plans. */
function readCommitBaseline(field: Field, problems: ProblemList): BaselineSpec {
  const { commit } = readSection("bench.baseline", field.value, problems);
  // An unknown key has been told already.
  if (!commit && field.value.type === "map" && field.value.entries.length === 0) {
    problems.add(field.keyAt, field.path, `${field.path} names no commit`, `write ${BASELINES}`);
  }
  if (!commit) return LAST_RELEASE;
  const text = readLine(commit, "7 to 40 digits of a commit's hash, in quotes", SPEC_LIMITS.versionCharsMax, problems);
  if (text === null) return LAST_RELEASE;
  const hash = text.toLowerCase();
  if (/^[0-9a-f]{7,40}$/.test(hash)) return { kind: "commit", commit: hash };
  const message = `${quote(text)} is no hash of a commit: a branch or tag moves, and a hash does not`;
  problems.add(commit.value.at, commit.path, message, 'write 7 to 40 of its digits, in quotes: {commit: "1a2b3c4"}');
  return LAST_RELEASE;
}

function readKernels(field: Field, problems: ProblemList): string | null {
  const text = readLine(field, 'a regular expression: "(gemm|softmax)_.*"', SPEC_LIMITS.listItemCharsMax, problems);
  if (text === null) return null;
  try {
    // ncu's own dialect differs in little; what this refuses is none there either.
    return RegExp(text, "u").source && text;
  } catch (cause) {
    const message = `${quote(text)} is no regular expression: ${cause instanceof Error ? cause.message : String(cause)}`;
    problems.add(field.value.at, field.path, message, 'write one such as "(gemm|softmax)_.*"');
    return null;
  }
}
