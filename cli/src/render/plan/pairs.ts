import type { CoveredTuple } from "@kiln/matrix";
import { valueLabel, type GridAxis } from "../grid/axis-label.ts";
import { line, span, type Line } from "../line.ts";
import { oneLine } from "../plain-text.ts";
import type { Symbols } from "../symbols.ts";
import { renderTable } from "../table.ts";

/** Which combination of axis values is covered by which cell, by the axes. */
export function renderTuples(
  tuples: readonly CoveredTuple[],
  order: readonly GridAxis[],
  width: number,
  symbols: Symbols,
): readonly Line[] {
  const groups = Map.groupBy(tuples, ({ values }) => Object.keys(values).join(` ${symbols.times} `));
  return [...groups].flatMap(([axes, group], index) => {
    const sorted = group.toSorted((left, right) => compareTuples(order, left, right));
    const rows = sorted.map(({ values, by }) => [
      ...Object.entries(values).map(([axis, value], at) => line(indented(oneLine(valueLabel(axis, value)), at))),
      by === null ? line(span(`${symbols.none} no planned cell`, "warn")) : line(oneLine(by)),
    ]);
    const names = Object.keys(group[0]?.values ?? {});
    const columns = [
      ...names.map((name, at) => ({ title: indented(oneLine(name), at) })),
      { title: "in the cell", shrinks: true },
    ];
    const covered = group.filter(({ by }) => by !== null).length;
    const title = line(span(oneLine(axes), "bold"), span(`  ${covered} of ${group.length} covered`, "dim"));
    return [...(index === 0 ? [] : [[]]), title, ...renderTable({ columns, rows }, width, symbols.ellipsis)];
  });
}

function compareTuples(order: readonly GridAxis[], left: CoveredTuple, right: CoveredTuple): number {
  for (const { name, values } of order) {
    const difference = values.indexOf(left.values[name] ?? "") - values.indexOf(right.values[name] ?? "");
    if (difference !== 0) return difference;
  }
  return 0;
}

/** The first column stands under its heading. */
function indented(text: string, column: number): string {
  return column === 0 ? `  ${text}` : text;
}
