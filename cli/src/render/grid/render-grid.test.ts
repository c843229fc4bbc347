import fc from "fast-check";
import { expect, test } from "vitest";
import { lineWidth } from "../line.ts";
import { sampleRun } from "../../testing/sample-run.ts";
import { samplePlan } from "../../testing/plans.ts";
import { screenText } from "../../testing/screen-text.ts";
import { finished, job, plannedCell, running, runView } from "../../testing/views.ts";
import { ASCII_SYMBOLS, UNICODE_SYMBOLS as SYMBOLS, type Symbols } from "../symbols.ts";
import { axesOfCells } from "./axes-of-cells.ts";
import type { GridCell } from "./grid-cell.ts";
import { gridOfPlan } from "./plan-grid.ts";
import { renderGrid, type GridOptions } from "./render-grid.ts";
import { gridOfRun } from "./run-grid.ts";

function render(cells: readonly GridCell[], width: number, style: GridOptions["style"], symbols: Symbols = SYMBOLS) {
  return screenText(renderGrid(cells, { axes: axesOfCells(cells), width, symbols, style }), width);
}

test("a run's cells have whole words, short ones where those do not fit, and marks with a legend where those do not either", () => {
  const grid = gridOfRun(sampleRun(), SYMBOLS);
  expect(render(grid, 200, "words")).toMatchInlineSnapshot(`
    "
    python        3.8             3.9             3.10            3.11            3.12            3.13            3.13t
    linux-x86_64  – excluded      ✓ passed        ✗ tests-failed  ✗ build-failed  ● building      ● building      · waiting
    "
  `);
  expect(render(grid, 80, "words")).toMatchInlineSnapshot(`
    "
    python        3.8      3.9      3.10     3.11     3.12     3.13     3.13t
    linux-x86_64  –        ✓ pass   ✗ test   ✗ build  ● build  ● build  · wait
    "
  `);
  expect(render(gridOfRun(sampleRun(), ASCII_SYMBOLS), 50, "words", ASCII_SYMBOLS)).toMatchInlineSnapshot(`
    "
    python       3.8   3.9   3.10  3.11  3.12  3.13
    linux-x86_64 -     +     x     x     *     *

    python       3.13t
    linux-x86_64 .

    x 1 tests-failed   x 1 build-failed   * 2 building
    . 1 waiting   + 1 passed   - 1 excluded
    "
  `);
});

test("a run with torch and CUDA shows what came of every cell, its build found by what its test needs", () => {
  const cells = ["2.0.1", "2.1.2"].flatMap((torch) =>
    ["cpu", "12.1"].flatMap((cuda) =>
      ["3.10", "3.11"].map((python) =>
        plannedCell(`cp${python.replace(".", "")}-torch${torch}-${cuda}`, { python, torch, cuda, os: "linux-x86_64" }),
      ),
    ),
  );
  // One build for all: it is named for the first cell.
  const build = finished("build-abi3", "passed", [0, 1_000], { cell: cells[0]!.cell });
  const tests = cells.map(({ cell }, index) => {
    const own = { cell, kind: "test" as const, needs: ["build-abi3"] };
    if (index === 0) return finished(`test-${cell}`, "tests-failed", [1_000, 2_000], own);
    if (index === 1) return running(`test-${cell}`, 1_000, own);
    return index > 5 ? job(`test-${cell}`, own) : finished(`test-${cell}`, "passed", [1_000, 2_000], own);
  });
  const run = runView([build, ...tests], { cells });
  expect(render(gridOfRun(run, SYMBOLS), 80, "words")).toMatchInlineSnapshot(`
    "
    Every cell: linux-x86_64.

    python                  3.10            3.11
    torch 2.0.1  cpu        ✗ tests-failed  ● testing
                 CUDA 12.1  ✓ passed        ✓ passed
    torch 2.1.2  cpu        ✓ passed        ✓ passed
                 CUDA 12.1  · waiting       · waiting
    "
  `);
  expect(render(gridOfRun(run, SYMBOLS), 40, "words")).toMatchInlineSnapshot(`
    "
    Every cell: linux-x86_64.

    python                  3.10     3.11
    torch 2.0.1  cpu        ✗ test   ● testi
                 CUDA 12.1  ✓ pass   ✓ pass
    torch 2.1.2  cpu        ✓ pass   ✓ pass
                 CUDA 12.1  · wait   · wait
    "
  `);
});

test("a benchmark that regressed fails its cell", () => {
  const cell = "cp312-linux-x86_64";
  const jobs = [
    finished(`build-${cell}`, "passed", [0, 1]),
    finished(`test-${cell}`, "passed", [1, 2]),
    finished(`bench-${cell}`, "regressed", [2, 3], { kind: "bench", cell }),
  ];
  expect(render(gridOfRun(runView(jobs), SYMBOLS), 80, "words")).toContain("✗ regressed");
});

test("columns that do not fit go on below", () => {
  const plan = samplePlan({ axes: { python: ["3.8", "3.9", "3.10", "3.11", "3.12", "3.13"], os: ["linux-x86_64"] } });
  expect(render(gridOfPlan(plan, SYMBOLS), 30, "marks")).toMatchInlineSnapshot(`
    "
    python       3.8  3.9  3.10
    linux-x86_64 ✓    ✓    ✓

    python       3.11 3.12 3.13
    linux-x86_64 ✓    ✓    ✓

    ✓ 6 planned
    "
  `);
});

test("a cell that an include extends, and others not, has its place", () => {
  const cells = [
    { axes: { os: "linux-x86_64", python: "3.11" } },
    { axes: { os: "linux-x86_64", python: "3.12" } },
    { axes: { os: "linux-x86_64", python: "3.12", extra: "docs" } },
  ].map(({ axes }) => ({ name: "", axes, touchstone: false, unknown: [], overridden: [] }));
  expect(render(gridOfPlan({ cells, excluded: [], reduced: [] }, SYMBOLS), 80, "marks")).toMatchInlineSnapshot(`
    "
    Every cell: linux-x86_64.

    python      3.11  3.12
    no extra    ✓     ✓
    extra=docs        ✓

    ✓ 3 planned
    "
  `);
});

test("where too many rows are left, several cells share a place, with how many of them are planned", () => {
  const many = (count: number): readonly string[] => Array.from({ length: count }, (_, index) => `v${index}`);
  const plan = samplePlan({
    axes: { python: ["3.11", "3.12"], os: ["linux-x86_64", "macos-arm64"], a: many(12), b: many(9) },
    excluded: ({ os, b, a }: Record<string, string>) =>
      os === "macos-arm64" && (b === "v1" || (a === "v3" && b === "v2"))
        ? { rule: "exclude", reason: "not there", source: "kiln.yaml:4", asOf: "" }
        : null,
  });
  expect(render(gridOfPlan(plan, SYMBOLS), 80, "marks")).toMatchInlineSnapshot(`
    "
    Each place stands for several cells: b=v0 to v8. ✓ 3/4: 3 of 4 are so; a mark
    alone: all are.

    python   3.11   3.12
    linux-x86_64
      a=v0   ✓      ✓
      a=v1   ✓      ✓
      a=v2   ✓      ✓
      a=v3   ✓      ✓
      a=v4   ✓      ✓
      a=v5   ✓      ✓
      a=v6   ✓      ✓
      a=v7   ✓      ✓
      a=v8   ✓      ✓
      a=v9   ✓      ✓
      a=v10  ✓      ✓
      a=v11  ✓      ✓
    macos-arm64
      a=v0   ✓ 8/9  ✓ 8/9
      a=v1   ✓ 8/9  ✓ 8/9
      a=v2   ✓ 8/9  ✓ 8/9
      a=v3   ✓ 7/9  ✓ 7/9
      a=v4   ✓ 8/9  ✓ 8/9
      a=v5   ✓ 8/9  ✓ 8/9
      a=v6   ✓ 8/9  ✓ 8/9
      a=v7   ✓ 8/9  ✓ 8/9
      a=v8   ✓ 8/9  ✓ 8/9
      a=v9   ✓ 8/9  ✓ 8/9
      a=v10  ✓ 8/9  ✓ 8/9
      a=v11  ✓ 8/9  ✓ 8/9

    ✓ 406 planned   – 26 excluded
    "
  `);
});

test("no grid is wider than the terminal, drops a cell, or lets a control character through, whatever the axes", () => {
  const text = fc.oneof(
    fc.string({ unit: "grapheme", minLength: 1, maxLength: 40 }),
    fc.constantFrom("3.12", "cpu", "ubuntu-22.04", "evil\u001b[2J\r\n\u202e日本語"),
  );
  const axes = fc.dictionary(fc.constantFrom("python", "torch", "cuda", "os", "gpu", "own", "日\u0007"), text, {
    maxKeys: 6,
  });
  fc.assert(
    fc.property(
      fc.array(axes, { minLength: 1, maxLength: 60 }),
      fc.integer({ min: 20, max: 220 }),
      fc.boolean(),
      (list, width, words) => {
        const cells = list.map((each) => ({
          name: "",
          axes: { os: "x", python: "3.12", ...each },
          touchstone: false,
          unknown: [],
          overridden: [],
        }));
        const grid = gridOfPlan({ cells, excluded: [], reduced: [] }, SYMBOLS);
        const lines = renderGrid(grid, {
          axes: axesOfCells(grid),
          width,
          symbols: SYMBOLS,
          style: words ? "words" : "marks",
        });
        for (const line of lines) {
          expect(lineWidth(line)).toBeLessThanOrEqual(width);
          expect(line.map((span) => span.text).join("")).not.toMatch(/\p{Cc}|\p{Bidi_Control}/u);
        }
      },
    ),
  );
});

test("100,000 cells are drawn in a few seconds, within the terminal and without dropping any", () => {
  const many = (count: number): readonly string[] => Array.from({ length: count }, (_, index) => `v${index}`);
  const plan = samplePlan({
    axes: { python: many(10), torch: many(10), cuda: many(10), os: many(10), a: many(10) },
    changes: { jobs: [] },
  });
  const cells = gridOfPlan(plan, SYMBOLS);
  const lines = renderGrid(cells, { axes: plan.axes, width: 100, symbols: SYMBOLS, style: "marks" });
  expect(screenText(lines, 100)).toContain("✓ 100000 planned");
  expect(lines.length).toBeLessThan(120);
});
