import fc from "fast-check";
import { expect, test } from "vitest";
import { describeCells } from "./describe-cells.ts";
import { valuesLabel, type GridAxis } from "./grid/axis-label.ts";

const AXES: readonly GridAxis[] = [
  { name: "python", values: ["3.8", "3.9", "3.10", "3.11", "3.12"] },
  { name: "torch", values: ["2.0.1", "2.1.2"] },
  { name: "cuda", values: ["cpu", "11.8", "12.1"] },
  { name: "os", values: ["ubuntu-22.04", "macos-14", "windows-11"] },
];

interface Cell {
  readonly axes: Readonly<Record<string, string>>;
}

const ALL: readonly Cell[] = AXES.reduce<readonly Cell[]>(
  (cells, { name, values }) =>
    cells.flatMap(({ axes }) => values.map((value) => ({ axes: { ...axes, [name]: value } }))),
  [{ axes: {} }],
);

function describe(chosen: (axes: Cell["axes"]) => boolean): readonly string[] {
  return describeCells(
    ALL.filter(({ axes }) => chosen(axes)),
    ALL.filter(({ axes }) => !chosen(axes)),
    AXES,
    "×",
  );
}

test.each<[string, (axes: Cell["axes"]) => boolean, readonly string[]]>([
  ["a pair of values", ({ torch, cuda }) => torch === "2.0.1" && cuda === "12.1", ["torch 2.0.1 × CUDA 12.1"]],
  ["a list", ({ python }) => python === "3.8" || python === "3.10", ["Python 3.8, 3.10"]],
  ["a range", ({ python }) => python !== "3.12", ["Python 3.8 to 3.11"]],
  ["everything", () => true, ["every cell"]],
  [
    "two groups",
    ({ torch, cuda, os }) => (torch === "2.0.1" && cuda === "12.1") || (os === "macos-14" && cuda !== "cpu"),
    ["torch 2.0.1 × CUDA 12.1", "CUDA 11.8, 12.1 × macos-14"],
  ],
])("%s is told by axis values", (_, chosen, expected) => {
  const said = describe(chosen);
  expect(said).toHaveLength(expected.length);
  if (expected.length === 1) expect(said).toEqual(expected);
});

test("cells without a form are told by the values that occur, and not by their names", () => {
  let index = 0;
  expect(describe(() => (index++ * 7919) % 5 < 2)).toEqual([expect.stringMatching(/^\d+ of all cells$/)]);
});

test("what others rule out already need not be said", () => {
  const cells = ALL.filter(
    ({ axes }) => axes["torch"] === "2.0.1" && axes["cuda"] === "12.1" && axes["os"] !== "macos-14",
  );
  const possible = ALL.filter(
    ({ axes }) =>
      !(axes["torch"] === "2.0.1" && axes["cuda"] === "12.1") && (axes["os"] !== "macos-14" || axes["cuda"] === "cpu"),
  );
  expect(describeCells(cells, possible, AXES, "×")).toEqual(["torch 2.0.1 × CUDA 12.1"]);
});

test("a description never takes in a cell that is not meant", () => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { minLength: ALL.length, maxLength: ALL.length }), (picks) => {
      const cells = ALL.filter((_, index) => picks[index]);
      const others = ALL.filter((_, index) => picks[index] !== true);
      const said = describeCells(cells, others, AXES, "×");
      if (said.some((text) => text.startsWith("some of") || text.endsWith("of all cells"))) return;
      for (const cell of ALL) {
        const meant = said.some((text) => isMeant(text, cell));
        expect(meant).toBe(cells.includes(cell));
      }
    }),
    { numRuns: 40 },
  );
});

/** Reads a description back, as far as the axes of this file need it. */
function isMeant(text: string, { axes }: Cell): boolean {
  if (text === "every cell") return true;
  return text
    .split(" × ")
    .every((part) =>
      AXES.some((axis) =>
        subsets(axis.values).some(
          (values) => valuesLabel(axis, values) === part && values.includes(axes[axis.name] ?? ""),
        ),
      ),
    );
}

function subsets(values: readonly string[]): readonly (readonly string[])[] {
  return values.reduce<readonly (readonly string[])[]>(
    (all, value) => [...all, ...all.map((set) => [...set, value])],
    [[]],
  );
}
