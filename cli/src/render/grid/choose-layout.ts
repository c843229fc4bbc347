import { LACKING, type GridAxis } from "./axis-label.ts";
import type { CellMark, GridCell } from "./grid-cell.ts";
import { arrange, heightOf, type ArrangedGrid, type Layout } from "./layout.ts";

/** Rows that a person can look over: with more, further axes go across. */
const ROWS_GOOD = 24;
/** With more rows than this, axes are folded into counts. */
const ROWS_MAX = 60;
const COLUMN_AXES_MAX = 3;

/** Which axis goes across first; the others follow as they fit. */
const ACROSS = ["python", "cuda", "torch", "gpu", "driver"];

export interface ChosenLayout {
  readonly grid: ArrangedGrid;
  /** Axes with one value, which the grid does not show. */
  readonly constant: readonly GridAxis[];
  /** Every place has as many cells as these axes have combinations, all in the same state. */
  readonly alike: readonly GridAxis[];
}

/**
 * Chooses a layout that fits: Pythons across, operating systems as headings,
 * the rest down. A grid that is long puts more axes across; one that is still
 * long folds axes that make no difference, then, from the last, those that do.
 */
export function chooseLayout(
  cells: readonly GridCell[],
  axes: readonly GridAxis[],
  fits: (grid: ArrangedGrid) => boolean,
): ChosenLayout {
  const varying = axes.filter(({ values }) => values.length > 1);
  const constant = axes.filter(({ values }) => values.length === 1);
  const alike: GridAxis[] = [];
  const folded: GridAxis[] = [];
  const left = (): readonly GridAxis[] => varying.filter((axis) => !alike.includes(axis) && !folded.includes(axis));
  const best = (): ArrangedGrid => shortest(cells, left(), constant, [...alike, ...folded], fits);

  let grid = best();
  if (heightOf(grid) > ROWS_GOOD) {
    for (const axis of inFoldingOrder(left())) {
      if (!isAlike(cells, [...alike, axis], left())) continue;
      alike.push(axis);
      grid = best();
      if (heightOf(grid) <= ROWS_GOOD) break;
    }
  }
  for (const axis of inFoldingOrder(left())) {
    if (heightOf(grid) <= ROWS_MAX) break;
    folded.push(axis);
    grid = best();
  }
  // What was folded last says the most: some of it may fit after all.
  for (const axis of folded.toReversed()) {
    const before = [...folded];
    folded.splice(folded.indexOf(axis), 1);
    const tried = best();
    if (heightOf(tried) <= ROWS_MAX) grid = tried;
    else folded.splice(0, folded.length, ...before);
  }
  const shown = new Set([...grid.layout.columns, ...grid.layout.rows, grid.layout.heading]);
  return { grid, alike, constant: constant.filter((axis) => !shown.has(axis)) };
}

/** The last first; Python and the operating system stay. */
function inFoldingOrder(axes: readonly GridAxis[]): readonly GridAxis[] {
  return axes.filter(({ name }) => name !== "python" && name !== "os").toReversed();
}

/** Puts axes across, one after the other as they fit, until the grid is short enough. */
function shortest(
  cells: readonly GridCell[],
  varying: readonly GridAxis[],
  constant: readonly GridAxis[],
  folded: readonly GridAxis[],
  fits: (grid: ArrangedGrid) => boolean,
): ArrangedGrid {
  const waiting = [...inOrderAcross(varying)];
  const across = waiting.splice(0, 1);
  let best = arrange(cells, layoutOf(across, varying, constant, folded));
  while (heightOf(best) > ROWS_GOOD && across.length < COLUMN_AXES_MAX) {
    const next = waiting.map((axis) => ({ axis, layout: layoutOf([...across, axis], varying, constant, folded) }));
    const found = next
      .filter(({ layout }) => layout.rows.length > 0)
      .map(({ axis, layout }) => ({ axis, grid: () => arrange(cells, layout) }))
      .find(({ grid }) => fits(grid()));
    if (found === undefined) break;
    across.push(found.axis);
    waiting.splice(waiting.indexOf(found.axis), 1);
    best = found.grid();
  }
  return best;
}

/** The axes that can go across, in the order in which they do. */
function inOrderAcross(varying: readonly GridAxis[]): readonly GridAxis[] {
  const named = ACROSS.map((name) => varying.find((axis) => axis.name === name));
  const own = varying.filter(({ name }) => !ACROSS.includes(name) && name !== "os");
  return [...named.filter((axis) => axis !== undefined), ...own];
}

/** With these axes across: operating systems as headings, the rest down; what varies nowhere only where nothing else is. */
function layoutOf(
  across: readonly GridAxis[],
  varying: readonly GridAxis[],
  constant: readonly GridAxis[],
  folded: readonly GridAxis[],
): Layout {
  const os = varying.find((axis) => axis.name === "os");
  const down = varying.filter((axis) => !across.includes(axis) && axis !== os);
  const rest = (name: string): readonly GridAxis[] => constant.filter((axis) => axis.name === name);
  const columns = across.length === 0 ? rest("python") : across.toReversed();
  if (os === undefined) return { columns, heading: null, rows: down.length === 0 ? rest("os") : down, folded };
  return down.length === 0
    ? { columns, heading: null, rows: [os], folded }
    : { columns, heading: os, rows: down, folded };
}

/** True when cells that differ only in `folded` are always all there and always in the same state. */
function isAlike(cells: readonly GridCell[], folded: readonly GridAxis[], varying: readonly GridAxis[]): boolean {
  const told = varying.filter((axis) => !folded.includes(axis));
  const wanted = folded.reduce((product, { values }) => product * values.length, 1);
  const places = new Map<string, { readonly state: CellMark; many: number }>();
  for (const { axes, state } of cells) {
    const key = told.map(({ name }) => axes[name] ?? LACKING).join("\n");
    const place = places.get(key);
    if (place === undefined) places.set(key, { state, many: 1 });
    else if (place.state !== state) return false;
    else place.many += 1;
  }
  return [...places.values()].every(({ many }) => many === wanted);
}
