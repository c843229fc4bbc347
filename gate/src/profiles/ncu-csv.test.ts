import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { describeProblem } from "../text/refusal.ts";
import { mutated } from "../text/testing.ts";
import { readNcuCsv } from "./ncu-csv.ts";
import { inBaseUnits } from "./ncu-units.ts";

const DETAILS = "rtx5070_saxpy_bom_long_base.csv";
const RAW = "raw_wide_two_launches.csv";
const fixture = (file: string): string => readFileSync(new URL(`./fixtures/${file}`, import.meta.url), "utf8");

const METRICS = [
  "dram__bytes_read.sum",
  "dram__bytes_op_read.sum",
  "gpu__time_duration.sum",
  "launch__registers_per_thread",
  "launch__shared_mem_per_block_static",
  "lts__t_sector_hit_rate.pct",
  "smsp__inst_executed.sum",
  "l1tex__data_bank_conflicts_pipe_lsu_mem_shared.sum",
];

const read = (text: string) => readNcuCsv({ file: "ncu.csv", text, metrics: METRICS });
const problem = (text: string): string => {
  const result = read(text);
  return result.ok ? "it was read" : describeProblem(result.problem);
};

describe("pages of ncu", () => {
  test("the details page is found below a byte-order mark and program output, its thousands are numbers, its times seconds", () => {
    const result = read(fixture(DETAILS));
    expect(result).toMatchObject({
      ok: true,
      otherLines: 8,
      kernels: [
        {
          kernel: "unnamed>::saxpy_kernel(float, const float *, float *, int)",
          block: "(256, 1, 1)",
          grid: "(65536, 1, 1)",
          computeCapability: "12.0",
        },
      ],
    });
    if (!result.ok) return;
    const [kernel] = result.kernels;
    expect(kernel?.metrics.get("dram__bytes_op_read.sum")).toEqual({ value: 134_221_568, unit: "B" });
    expect(kernel?.metrics.get("gpu__time_duration.sum")).toEqual({ value: 292_928e-9, unit: "s" });
    expect(kernel?.metrics.get("lts__t_sector_hit_rate.pct")).toEqual({ value: 33.26, unit: "%" });
    // A counter that counted nothing is zero; one that the chip does not have is missing.
    expect(kernel?.metrics.get("l1tex__data_bank_conflicts_pipe_lsu_mem_shared.sum")).toEqual({ value: 0, unit: "" });
    expect(kernel?.missing.get("dram__bytes_read.sum")).toContain("did not report it");
  });

  test("the raw page has a launch a line; n/a is missing, a hit rate above 100 is kept", () => {
    const result = read(fixture(RAW));
    if (!result.ok) throw new Error(describeProblem(result.problem));
    const [gemm, fill] = result.kernels;
    expect(gemm?.metrics.get("gpu__time_duration.sum")).toEqual({ value: 10_720e-9, unit: "s" });
    expect(gemm?.metrics.get("launch__shared_mem_per_block_static")).toEqual({
      value: expect.closeTo(16_380, 9) as number,
      unit: "B/block",
    });
    expect(gemm?.metrics.get("lts__t_sector_hit_rate.pct")).toEqual({ value: 104.25, unit: "%" });
    expect(fill?.metrics.get("dram__bytes_read.sum")).toEqual({ value: 0, unit: "B" });
    expect(fill?.missing.get("launch__registers_per_thread")).toContain("n/a");
    expect(fill?.metrics.has("launch__registers_per_thread")).toBe(false);
  });

  test("columns are found by name: moved ones, and ones in between, change nothing", () => {
    const moved = fixture(RAW)
      .split("\n")
      .map((line) => (line === "" ? line : line.replace(/^("[^"]*")/u, (id) => `${id},"nvtx"`)))
      .join("\n")
      .replace('"nvtx"', '"Domain:Push/Pop"');
    expect(read(moved)).toEqual(read(fixture(RAW)));
  });

  test("a version without columns of sizes tells them by metrics; without these either the row is refused", () => {
    const text = fixture("raw_2022_no_sizes.csv");
    expect(read(text)).toMatchObject({
      ok: true,
      kernels: [{ block: "(32, 8, 1)", grid: "(64, 2, 1)", computeCapability: "8.6", device: "" }],
    });
    const without = (name: string): string => text.replaceAll(name, `other_${name}`);
    expect(read(without("launch__grid_dim_"))).toMatchObject({ ok: true, kernels: [{ grid: "(128)" }] });
    expect(problem(without("launch__grid_"))).toMatch(/line 3: has neither column "Grid Size" nor a value/u);
  });

  test.for([
    ["nsecond", 5e-9, "s"],
    ["ns", 5e-9, "s"],
    ["msecond", 5e-3, "s"],
    ["Mbyte", 5e6, "B"],
    ["Gbyte/second", 5e9, "B/s"],
    ["byte/ns", 5e9, "B/s"],
    ["Ghz", 5e9, "Hz"],
    ["cycle/nsecond", 5e9, "cycle/s"],
    ["Kbyte/block", 5e3, "B/block"],
    ["inst/cycle", 5, "inst/cycle"],
    ["register/thread", 5, "register/thread"],
    ["constructor", 5, "constructor"],
  ] as const)("5 %s are %d %s", ([written, value, unit]) => {
    const read = inBaseUnits(5, written);
    expect(read.unit).toBe(unit);
    expect(read.value / value).toBeCloseTo(1, 12);
  });
});

describe("what is no profile", () => {
  test("a refused counter permission says how to fix it, and no kernel and no file are told apart", () => {
    expect(problem("==ERROR== ERR_NVGPUCTRPERM - The user does not have permission\n")).toContain(
      "NVreg_RestrictProfilingToAdminUsers=0",
    );
    expect(problem("==WARNING== No kernels were profiled.\n")).toContain("no kernel was profiled");
    expect(problem("==ERROR== Failed to find metric foo\n")).toContain("Failed to find metric foo");
    expect(problem("")).toContain("is empty");
    expect(problem("hello\n")).toContain("has no table of ncu");
    expect(problem(fixture(RAW).split("\n").slice(0, 2).join("\n"))).toContain("no launch follows the header");
  });

  test("numbers of another locale are refused where they are", () => {
    expect(problem(fixture(DETAILS).replace('"33.26"', '"33,26"'))).toMatch(
      /line 18, lts__t_sector_hit_rate\.pct: is "33,26", not a number\. ncu runs with LC_ALL=C/u,
    );
    expect(problem(fixture(DETAILS).replace('"134,221,568"', '"134.221.568"'))).toContain("not a number");
  });

  test("a row that lost its beginning or its end is not taken for program output", () => {
    const lines = fixture(DETAILS).split("\n");
    const damaged = (change: (line: string) => string) =>
      lines.map((line, i) => (i === 12 ? change(line) : line)).join("\n");
    expect(problem(damaged((line) => line.slice(1)))).toContain("line 13: is part of a row");
    expect(problem(damaged((line) => line.slice(0, -30)))).toMatch(
      /line 13: (?:has 14 fields|a quoted field is not closed)/u,
    );
    expect(problem(lines.toSpliced(12, 0, lines[12]!).join("\n"))).toContain("has it twice");
  });

  test("program output between the rows changes nothing but its count", () => {
    const lines = fixture(DETAILS).split("\n");
    const result = read(lines.toSpliced(12, 0, "epoch 1, loss 0.1").join("\n"));
    expect(result).toMatchObject({ ok: true, otherLines: 9 });
  });

  test("none of the metrics asked for is a problem, not an empty profile", () => {
    const result = readNcuCsv({ file: "x", text: fixture(RAW), metrics: ["sm__unknown.sum"] });
    expect(result).toMatchObject({ ok: false, problem: { problem: "none of the 1 metrics asked for has a value" } });
  });
});

test.for([DETAILS, RAW])("2,000 damaged versions of %s: a zero is only read where the file says zero", (file) => {
  fc.assert(
    fc.property(mutated(fixture(file)), (text) => {
      const result = read(text);
      if (!result.ok) {
        expect(result.problem.place).not.toBe("");
        return;
      }
      expect(result.kernels.length).toBeGreaterThan(0);
      const zeros = text.match(/"0(?:\.0+)?"/gu)?.length ?? 0;
      let read0 = 0;
      for (const { metrics, missing } of result.kernels) {
        expect(metrics.size + missing.size).toBe(METRICS.length);
        for (const { value } of metrics.values()) {
          expect(Number.isFinite(value)).toBe(true);
          if (value === 0) read0 += 1;
        }
      }
      expect(read0).toBeLessThanOrEqual(zeros);
    }),
    { numRuns: 2_000, seed: 6 },
  );
});
