import fc from "fast-check";
import { expect, test } from "vitest";
import { cellTable } from "./cell-table.ts";
import { perProjection } from "./per-projection.ts";

const NAMES = ["a", "b", "c"];
/** Cells that each have some of three axes, as include makes them. */
const cells = fc.uniqueArray(
  fc
    .record(
      Object.fromEntries(NAMES.map((name) => [name, fc.constantFrom("0", "1", "2")])) as Record<
        string,
        fc.Arbitrary<string>
      >,
      { requiredKeys: [] },
    )
    .map((values): Record<string, string> => ({ os: "linux-x86_64", python: "3.12", ...values })),
  {
    selector: (values) => JSON.stringify(Object.entries(values).toSorted(([a], [b]) => (a < b ? -1 : 1))),
    minLength: 1,
    maxLength: 20,
  },
);

test("what is looked up is what would be computed, in cells with and without the axes", () => {
  fc.assert(
    fc.property(cells, fc.subarray(NAMES), (all, axes) => {
      const { table } = cellTable(
        [],
        all.map((values) => ({ values, excludedBy: null, from: "include" as const })),
      );
      const wanted = (row: number) => axes.map((axis) => table.values[row]?.[axis] ?? "none").join();
      const asked: string[] = [];
      const look = perProjection(table, [...axes, "no-such-axis"], (_, row) => {
        asked.push(wanted(row));
        return wanted(row);
      });
      for (const row of table.names.keys()) expect(look(row)).toBe(wanted(row));
      // Once for each combination that occurs.
      expect(new Set(asked).size).toBe(asked.length);
    }),
  );
});

test("so many axes that their combinations cannot be numbered are computed each time, and right", () => {
  const values = Object.fromEntries(Array.from({ length: 80 }, (_, at) => [`axis${at}`, "v"]));
  const { table } = cellTable(
    [],
    [{ os: "linux-x86_64" }, values].map((of) => ({ values: of, excludedBy: null, from: "include" as const })),
  );
  const look = perProjection(table, Object.keys(values), (axes) => Object.keys(axes).length);
  expect([...table.names.keys()].map(look).toSorted((a, b) => a - b)).toEqual([1, 80]);
});
