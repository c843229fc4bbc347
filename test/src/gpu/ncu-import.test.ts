import { execFileSync } from "node:child_process";
import { existsSync, globSync, mkdtempDisposableSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, delimiter, dirname, join } from "node:path";
import { importArguments, namesArguments, readNames } from "@kiln/agent";
import { describeProblem, NCU_METRICS, readNcuCsv, type KernelProfile } from "@kiln/gate";
import { beforeEach, describe, expect, test } from "vitest";

/** KILN_NCU, or the first on the PATH. */
const ncu = [
  process.env["KILN_NCU"] ?? "",
  ...(process.env["PATH"] ?? "").split(delimiter).map((at) => join(at, "ncu")),
]
  .filter((path) => path !== "")
  .find((path) => existsSync(path));
/** KILN_NCU_REPORTS, or where Debian's package nsight-compute keeps its examples beside that ncu. */
const reportsFolder =
  process.env["KILN_NCU_REPORTS"] ??
  (ncu === undefined ? "" : join(dirname(realpathSync(ncu)), "../../share/doc/nsight-compute/examples"));
const reports = reportsFolder === "" ? [] : globSync("**/*.ncu-rep", { cwd: reportsFolder }).toSorted();
const missing =
  ncu === undefined
    ? "no ncu on the PATH or in KILN_NCU, so no real report is imported"
    : `${ncu} has no example reports beside it, and KILN_NCU_REPORTS names no folder with any`;

const METRICS = NCU_METRICS.flat();
/** What `--page details` calls them. */
const LABELS: Readonly<Record<string, string>> = {
  Duration: "gpu__time_duration.sum",
  "Elapsed Cycles": "gpc__cycles_elapsed.max",
  "DRAM Throughput": "gpu__dram_throughput.avg.pct_of_peak_sustained_elapsed",
  "L1/TEX Hit Rate": "l1tex__t_sector_hit_rate.pct",
  "L2 Hit Rate": "lts__t_sector_hit_rate.pct",
  "Registers Per Thread": "launch__registers_per_thread",
  "Waves Per SM": "launch__waves_per_multiprocessor",
  "Block Size": "launch__block_size",
  "Grid Size": "launch__grid_size",
  "Achieved Occupancy": "sm__warps_active.avg.pct_of_peak_sustained_active",
};
const SCALES: Readonly<Record<string, number>> = {
  usecond: 1e-6,
  nsecond: 1e-9,
  msecond: 1e-3,
  Kbyte: 1e3,
  Mbyte: 1e6,
  Gbyte: 1e9,
};

describe("reports that Nsight Compute ships", { timeout: 60_000 }, () => {
  beforeEach(({ skip }) => {
    if (reports.length === 0) skip(missing);
  });

  test.each(reports)("%s has the values of its text output", (report) => {
    const kernel = imported(join(reportsFolder, report));
    // A launch a report, named after its kernel.
    expect(kernel.kernel.split("(")[0]).toBe(basename(report, ".ncu-rep"));
    expect(kernel.block).toMatch(/^\(\d+, \d+, \d+\)$/u);
    expect(kernel.computeCapability).toMatch(/^\d+\.\d$/u);

    const base = textTable(report, ["--page", "raw", "--print-units", "base"]);
    const known = [...base.keys()].filter((name) => METRICS.includes(name));
    expect(known.toSorted()).toEqual([...kernel.metrics.keys()].toSorted());
    expect(known.length).toBeGreaterThan(15);
    // In base units every digit that it prints; times are seconds with us.
    for (const name of known) {
      expect([name, kernel.metrics.get(name)?.value]).toEqual([name, expect.closeTo(base.get(name)?.value ?? NaN, 12)]);
    }
    // Where ncu chooses the unit, and on the page for people, as many digits as it prints.
    const scaled = textTable(report, ["--page", "raw"]);
    const details = textTable(report, ["--page", "details"]);
    const shown = [
      ...known.map((name) => [name, scaled.get(name)] as const),
      ...Object.entries(LABELS).map(([label, name]) => [name, details.get(label)] as const),
    ];
    for (const [name, text] of shown) {
      const value = kernel.metrics.get(name)?.value ?? NaN;
      expect(text, name).toBeDefined();
      expect(Math.abs(value - (text?.value ?? NaN)), name).toBeLessThanOrEqual((text?.rounding ?? 0) * (1 + 1e-9));
    }
    expect([...kernel.missing.keys()]).toContain("dram__bytes_op_read.sum");
  });

  test.each(reports)("%s names its kernel's symbol and the device, by which its machine code is found", (report) => {
    using folder = mkdtempDisposableSync(join(tmpdir(), "kiln-ncu-"));
    const names = join(folder.path, "names.csv");
    run(namesArguments({ report: join(reportsFolder, report), names }));
    const kernel = imported(join(reportsFolder, report));
    const read = readNames(readFileSync(names, "utf8"));
    expect(read?.capability).toBe(kernel.computeCapability);
    expect([...(read?.launches ?? [])]).toEqual([
      [expect.stringMatching(new RegExp(`^_Z\\d+${basename(report, ".ncu-rep")}`, "u")), [Number(kernel.id)]],
    ]);
  });

  test("a report that is cut off is no profile", () => {
    using folder = mkdtempDisposableSync(join(tmpdir(), "kiln-ncu-"));
    const cut = join(folder.path, "cut.ncu-rep");
    const whole = readFileSync(join(reportsFolder, reports[0] ?? ""));
    writeFileSync(cut, whole.subarray(0, whole.length / 3));
    expect(() => imported(cut)).toThrow(/Command failed/u);
  });
});

/** Through the agent's arguments and the gate's reader. */
function imported(report: string): KernelProfile {
  using folder = mkdtempDisposableSync(join(tmpdir(), "kiln-ncu-"));
  const csv = join(folder.path, "profile.csv");
  run(importArguments({ report, csv }, METRICS));
  const read = readNcuCsv({ file: "profile.csv", text: readFileSync(csv, "utf8"), metrics: METRICS });
  if (!read.ok) throw new Error(describeProblem(read.problem));
  const [kernel, ...more] = read.kernels;
  if (!kernel || more.length > 0) throw new Error(`${report} holds ${more.length + 1} launches`);
  return kernel;
}

interface Printed {
  /** In seconds, bytes, or as printed. */
  readonly value: number;
  /** Half of the last digit. */
  readonly rounding: number;
}

/** Lines of ncu's tables: a name, at times a unit, and a number, in columns. */
function textTable(report: string, page: readonly string[]): ReadonlyMap<string, Printed> {
  const text = run(["--import", join(reportsFolder, report), ...page]);
  const found = new Map<string, Printed>();
  for (const line of text.split("\n")) {
    const row =
      /^ {2,4}(?<name>\S+(?: \S+)*) {2,}(?:(?<unit>\S+) {2,})?(?<number>-?[\d,]+(?:\.(?<decimals>\d+))?)\s*$/u.exec(
        line,
      );
    const { name = "", unit = "", number = "", decimals = "" } = row?.groups ?? {};
    if (name === "") continue;
    const scale = SCALES[unit.split("/")[0] ?? ""] ?? 1;
    const printed = {
      value: Number(number.replaceAll(",", "")) * scale,
      rounding: (0.5 * scale) / 10 ** decimals.length,
    };
    if (!found.has(name)) found.set(name, printed);
  }
  return found;
}

function run(args: readonly string[]): string {
  return execFileSync(ncu ?? "", args, { encoding: "utf8", env: { ...process.env, LC_ALL: "C" }, timeout: 30_000 });
}
