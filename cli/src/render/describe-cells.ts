import { LACKING, valuesLabel, type Axes, type GridAxis } from "./grid/axis-label.ts";

interface WithAxes {
  readonly axes: Axes;
}

/** A product of axis values; axes that it has all values of are left out. */
type Box = readonly { readonly axis: GridAxis; readonly values: readonly string[] }[];

/** More parts than this say less than a list of the values that occur. */
const BOXES_MAX = 4;
/** Cells that are looked at in all, so that a plan of any size is told at once. */
const LOOKED_AT_MAX = 3_000_000;

interface Search {
  readonly axes: readonly GridAxis[];
  left: number;
}

/**
 * Cells by what they have in common: `torch 2.0.1 × CUDA 12.1`. What is said
 * holds for none of `others`; of what is in neither list nothing is meant.
 * Cells that have nothing in common are told by the values that occur.
 */
export function describeCells(
  cells: readonly WithAxes[],
  others: readonly WithAxes[],
  axes: readonly GridAxis[],
  times: string,
): readonly string[] {
  if (cells.length === 0) return [];
  const search = { axes, left: LOOKED_AT_MAX };
  const boxes = boxesOf(cells, others, search, BOXES_MAX);
  const [only] = boxes ?? [];
  if (only !== undefined && boxes?.length === 1) return [describeBox(widened(only, others), times)];
  if (boxes !== null) return boxes.map((box) => describeBox(box, times));
  const { values } = bounds(cells, [], search);
  return [values.length === 0 ? `${cells.length} of all cells` : `some of ${describeBox(values, times)}`];
}

function describeBox(values: Box, times: string): string {
  if (values.length === 0) return "every cell";
  return values.map((each) => valuesLabel(each.axis, each.values)).join(` ${times} `);
}

/**
 * Without the axes that need not be said: what is then meant beside the cells
 * is none of the others, and less than the cells are. One axis always stays.
 */
function widened(box: Box, others: readonly WithAxes[]): Box {
  let kept = box;
  for (const dropped of box) {
    const rest = kept.filter((each) => each !== dropped);
    if (rest.length === 0) break;
    const share = dropped.values.length / dropped.axis.values.length;
    const meant = others.some((cell) => rest.every(({ axis, values }) => values.includes(valueOf(cell, axis))));
    if (!meant && share > 1 / 2) kept = rest;
  }
  return kept;
}

/** The cells as at most `max` boxes; null when more are needed, or too many cells would have to be looked at. */
function boxesOf(
  cells: readonly WithAxes[],
  others: readonly WithAxes[],
  search: Search,
  max: number,
): readonly Box[] | null {
  const box = bounds(cells, others, search);
  if (box.inside.length === 0) return [box.values];
  let best: readonly Box[] | null = null;
  for (const axis of search.axes) {
    if (max < 2 || search.left <= 0) break;
    const parts = Map.groupBy(cells, (cell) => valueOf(cell, axis));
    if (parts.size < 2) continue;
    const split = splitBy(axis, parts, box.inside, search, best === null ? max : best.length - 1);
    best = split ?? best;
    // Two are as few as there can be.
    if (best?.length === 2) break;
  }
  return best;
}

/** The boxes of each value's cells; values with equal boxes share them. */
function splitBy(
  axis: GridAxis,
  parts: ReadonlyMap<string, readonly WithAxes[]>,
  others: readonly WithAxes[],
  search: Search,
  max: number,
): readonly Box[] | null {
  const shared = new Map<string, { readonly boxes: readonly Box[]; readonly values: string[] }>();
  let many = 0;
  for (const [value, part] of parts) {
    const against = others.filter((cell) => valueOf(cell, axis) === value);
    const boxes = boxesOf(part, against, search, max);
    if (boxes === null) return null;
    const rest = boxes.map((box) => box.filter((each) => each.axis !== axis));
    const key = JSON.stringify(rest.map((box) => box.map((each) => [each.axis.name, each.values.toSorted()])));
    const same = shared.get(key);
    if (same === undefined) {
      shared.set(key, { boxes: rest, values: [value] });
      many += boxes.length;
      if (many > max) return null;
    } else {
      same.values.push(value);
    }
  }
  return [...shared.values()].flatMap(({ boxes, values }) =>
    boxes.map((box) => {
      const own = values.length < axis.values.length ? [{ axis, values }] : [];
      return search.axes.flatMap((each) => [...own, ...box].filter((known) => known.axis === each));
    }),
  );
}

/** The smallest box around the cells, and which of the others are in it. */
function bounds(
  cells: readonly WithAxes[],
  others: readonly WithAxes[],
  search: Search,
): { readonly values: Box; readonly inside: readonly WithAxes[] } {
  search.left -= cells.length + others.length;
  const occurring = search.axes.map((axis) => ({ axis, values: new Set(cells.map((cell) => valueOf(cell, axis))) }));
  const inside = others.filter((cell) => occurring.every(({ axis, values }) => values.has(valueOf(cell, axis))));
  const limited = occurring.filter(({ axis, values }) => values.size < axis.values.length);
  return { values: limited.map(({ axis, values }) => ({ axis, values: [...values] })), inside };
}

function valueOf(cell: WithAxes, { name }: GridAxis): string {
  return cell.axes[name] ?? LACKING;
}
