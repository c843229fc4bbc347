import { describe, expect, test } from "vitest";
import { attribute, type CellFinding } from "./attribution.ts";

/** Every cell of a matrix, slow where `slow` says so. */
function matrix(
  axes: Readonly<Record<string, readonly string[]>>,
  says: (cell: Readonly<Record<string, string>>) => CellFinding["says"],
): readonly CellFinding[] {
  let cells: Record<string, string>[] = [{}];
  for (const [axis, values] of Object.entries(axes)) {
    cells = cells.flatMap((cell) => values.map((value) => ({ ...cell, [axis]: value })));
  }
  return cells.map((cell) => ({ axes: cell, says: says(cell) }));
}

const AXES = { python: ["3.12", "3.13"], cuda: ["11.8", "12.1", "12.4"] };

describe("where in the matrix a slowdown lies", () => {
  test("is the one axis that tells slow cells from fast ones", () => {
    const found = attribute(matrix(AXES, ({ cuda }) => (cuda === "12.4" ? "slow" : "fast")));
    expect(found).toEqual([
      { axis: "python", slow: [], fast: [], mixed: ["3.12", "3.13"], switches: [], explains: false },
      {
        ...{ axis: "cuda", slow: ["12.4"], fast: ["11.8", "12.1"], mixed: [] },
        ...{
          switches: [
            ["12.4", "11.8"],
            ["12.4", "12.1"],
          ],
          explains: true,
        },
      },
    ]);
  });

  test("may be two axes together, neither of which explains it by itself", () => {
    const found = attribute(
      matrix(AXES, ({ python, cuda }) => (python === "3.13" && cuda === "12.4" ? "slow" : "fast")),
    );
    expect(found.map(({ axis, explains, mixed }) => [axis, explains, mixed])).toEqual([
      ["python", false, ["3.13"]],
      ["cuda", false, ["12.4"]],
    ]);
    expect(found.map(({ switches }) => switches)).toEqual([
      [["3.13", "3.12"]],
      [
        ["12.4", "11.8"],
        ["12.4", "12.1"],
      ],
    ]);
  });

  test("is no axis when every cell is slow, and none is asked for when there is one cell", () => {
    expect(attribute(matrix(AXES, () => "slow")).map(({ explains, fast }) => [explains, fast])).toEqual([
      [false, []],
      [false, []],
    ]);
    expect(attribute([{ axes: { python: "3.13" }, says: "slow" }])).toEqual([]);
  });

  test("is told from cells that could be told alone", () => {
    const found = attribute(
      matrix(AXES, ({ python, cuda }) => (python === "3.12" ? "unknown" : cuda === "11.8" ? "fast" : "slow")),
    );
    expect(found).toEqual([
      {
        ...{ axis: "cuda", slow: ["12.1", "12.4"], fast: ["11.8"], mixed: [], explains: true },
        switches: [
          ["12.1", "11.8"],
          ["12.4", "11.8"],
        ],
      },
    ]);
  });

  test("does not take an axis for the reason where another changed with it", () => {
    const found = attribute([
      { axes: { torch: "2.1", driver: "535" }, says: "fast" },
      { axes: { torch: "2.2", driver: "550" }, says: "slow" },
    ]);
    expect(found.map(({ explains, switches }) => [explains, switches])).toEqual([
      [true, []],
      [true, []],
    ]);
  });
});
