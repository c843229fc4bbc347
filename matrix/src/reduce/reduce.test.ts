import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cellTable, type CellTable } from "../plan/cell-table.ts";
import type { Cell, Plan } from "../plan/plan.ts";
import { cellNames, planned, pythons, reducing, specWith, torches } from "../plan/testing.ts";
import type { Reduction, Spec } from "../spec/spec.ts";
import { coveredTuples } from "./covered-tuples.ts";
import { nearestPlanned } from "./nearest-planned.ts";

const PAIRWISE: Reduction = { kind: "t-wise", strength: 2 };
const place = { line: 1, column: 1 };
const own = (count: number, values: readonly string[]) =>
  "abcdefghij"
    .slice(0, count)
    .split("")
    .map((name) => ({ name, values }));

/** Written apart from the code: every tuple of a possible cell, as text. */
function tuplesOf(cells: readonly Cell[], strength: number): Set<string> {
  const found = new Set<string>();
  const add = (entries: readonly [string, string][], from: number, chosen: readonly string[]): void => {
    if (chosen.length === strength) found.add(chosen.join(" & "));
    else
      for (let at = from; at < entries.length; at += 1) add(entries, at + 1, [...chosen, entries[at]?.join("=") ?? ""]);
  };
  for (const { axes } of cells) add(Object.entries(axes), 0, []);
  return found;
}

const spec = specWith(
  {
    python: pythons("3.9", "3.10", "3.11"),
    torch: torches("2.0", "2.1", "2.2"),
    cuda: ["cpu", "11.8", "12.1"],
    own: own(2, ["x", "y"]),
  },
  {},
);

describe("a t-wise reduction", () => {
  test.for([2, 3] as const)(
    "has every combination of %i values that a possible cell has, with fewer cells",
    (strength) => {
      const plan = planned({ spec: reducing(spec, { kind: "t-wise", strength }) });
      const all = planned({ spec });
      expect(plan.cells.length).toBeLessThan(all.cells.length);
      expect(plan.cells.length + plan.reduced.length).toBe(all.cells.length);
      expect(tuplesOf(plan.cells, strength)).toEqual(tuplesOf(all.cells, strength));
      expect(plan.excluded).toEqual(all.excluded);
      expect(plan.reduction).toEqual({ kind: "t-wise", strength });
    },
  );

  test("keeps the touchstones, the cells of keep, and those that failed before", () => {
    const all = planned({ spec });
    const failing = all.cells.slice(20, 23).map(({ name }) => name);
    const keep = [{ values: { python: "3.9", torch: "2.0", cuda: "cpu" }, when: null, place }];
    const plan = planned({ spec: reducing({ ...spec, keep }, PAIRWISE), failing: [...failing, "no-such-cell"] });
    expect(cellNames(plan)).toEqual(expect.arrayContaining(failing));
    const kept = all.cells.filter(
      ({ axes }) => axes.python === "3.9" && axes["torch"] === "2.0.1" && axes["cuda"] === "cpu",
    );
    expect(kept).toHaveLength(4);
    expect(cellNames(plan)).toEqual(expect.arrayContaining(kept.map(({ name }) => name)));
    expect(cellNames(plan).slice(0, 2)).toEqual(cellNames(all).slice(0, 2));
  });

  test("of no more axes than its strength keeps every cell", () => {
    const two = specWith({ os: ["linux-x86_64", "windows-x86_64"], python: pythons("3.10", "3.11") });
    expect(planned({ spec: reducing(two, PAIRWISE) }).cells).toHaveLength(4);
    expect(planned({ spec: reducing(two, { kind: "t-wise", strength: 3 }) }).cells).toHaveLength(4);
  });

  test("treats the lack of an axis as a value of it", () => {
    const include = [{ values: { os: "macos-14", python: "3.12", extra: "z" }, when: null, place }];
    const plan = planned({ spec: reducing({ ...spec, include }, PAIRWISE) });
    expect(cellNames(plan)).toContain("cp312-macos-14-extra=z");
  });
});

describe("a reduction to touchstones", () => {
  test("plans those and what keep names, and says which of them stands for each other cell", () => {
    const keep = [{ values: { python: "3.10", cuda: "11.8", torch: "2.1", a: "x", b: "y" }, when: null, place }];
    const plan = planned({ spec: reducing({ ...spec, keep }, { kind: "touchstone" }) });
    expect(plan.cells.map(({ touchstone }) => touchstone)).toEqual([true, true, false]);
    expect(plan.reduced).toHaveLength(planned({ spec }).cells.length - 3);
    expect(coveredTuples(plan).some(({ by }) => by === null)).toBe(true);
  });
});

describe("covered pairs", () => {
  test("are all pairs of a t-wise plan, each with a cell that has both values", () => {
    const plan = planned({ spec: reducing(spec, PAIRWISE) });
    const tuples = coveredTuples(plan);
    expect(tuples).toHaveLength(tuplesOf(planned({ spec }).cells, 2).size);
    for (const { values, by } of tuples) {
      expect(plan.cells.find(({ name }) => name === by)?.axes).toMatchObject(values);
    }
  });

  test("have three values where the reduction is 3-wise", () => {
    const plan = planned({ spec: reducing(spec, { kind: "t-wise", strength: 3 }) });
    expect(new Set(coveredTuples(plan).map(({ values }) => Object.keys(values).length))).toEqual(new Set([3]));
  });
});

describe("the cell that stands for another", () => {
  const common = (a: Cell, b: Cell) => Object.keys(a.axes).filter((axis) => a.axes[axis] === b.axes[axis]).length;

  function expectNearest(plan: Plan): void {
    for (const left of plan.reduced) {
      const most = Math.max(...plan.cells.map((cell) => common(left, cell)));
      expect(plan.cells.find((cell) => common(left, cell) === most)?.name).toBe(left.coveredBy);
    }
  }

  test("is the first planned one with the most values in common", () => {
    expectNearest(planned({ spec: reducing(spec, PAIRWISE) }));
    expectNearest(planned({ spec: reducing(spec, { kind: "touchstone" }) }));
  });

  function expectNaive(levels: readonly number[], isPlanned: (row: number) => boolean): void {
    const table = tableOf(levels);
    const rows = [...table.names.keys()];
    const chosen = rows.filter(isPlanned);
    const planned = chosen.length > 0 ? chosen : [0];
    const left = rows.filter((row) => !planned.includes(row));
    const width = table.axes.length;
    const inCommon = (a: number, b: number) =>
      levels.filter((_, column) => table.codes[a * width + column] === table.codes[b * width + column]).length;
    const naive = left.map((row) =>
      planned.reduce((best, one) => (inCommon(row, one) > inCommon(row, best) ? one : best)),
    );
    expect(nearestPlanned(table, planned, left)).toEqual(naive);
  }

  const levels = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 2, maxLength: 5 });
  const choices = fc.infiniteStream(fc.boolean()).map((stream) => () => stream.next().value === true);

  test("is found for any table and any choice of rows", () => {
    fc.assert(fc.property(levels, choices, (of, choice) => expectNaive(of, choice)));
  });

  test("is found in a table of more axes than a byte can count", () => {
    const single = Array.from({ length: 300 }, () => 1);
    fc.assert(
      fc.property(levels, choices, (of, choice) => expectNaive([...single, ...of], choice)),
      { numRuns: 10 },
    );
  });
});

function tableOf(levels: readonly number[]): CellTable {
  const axes = levels.map((count, at) => {
    const values = Array.from({ length: count }, (_, value) => `v${value}`);
    return { name: `axis${at}`, values, resolved: {}, named: true };
  });
  let rows: Record<string, string>[] = [{}];
  for (const { name, values } of axes) rows = rows.flatMap((row) => values.map((value) => ({ ...row, [name]: value })));
  return cellTable(
    axes,
    rows.map((values) => ({ values, excludedBy: null, from: "product" as const })),
  ).table;
}

test("a full plan reduces nothing", () => {
  const full: Spec = specWith({ own: own(3, ["x", "y"]) });
  expect(planned({ spec: full }).reduced).toEqual([]);
  expect(planned({ spec: full }).cells).toHaveLength(8);
});
