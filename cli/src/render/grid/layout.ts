import { LACKING, type GridAxis } from "./axis-label.ts";
import type { CellMark, GridCell } from "./grid-cell.ts";

/** Which axis goes where in a grid. */
export interface Layout {
  /** Across, the outermost first; its last has a column for each value. */
  readonly columns: readonly GridAxis[];
  /** A heading above the rows of each of its values; null: no headings. */
  readonly heading: GridAxis | null;
  /** Down, the outermost first. */
  readonly rows: readonly GridAxis[];
  /** Not told apart: cells that differ only in these share a place. */
  readonly folded: readonly GridAxis[];
}

/** What stands in one place of a grid: how many cells of each state. */
export type Slot = ReadonlyMap<CellMark, number>;

export interface GridRow {
  /** One value for each axis of `Layout.rows`. */
  readonly values: readonly string[];
  /** By the index of the column; columns without a cell are missing. */
  readonly slots: ReadonlyMap<number, Slot>;
}

export interface GridBlock {
  /** Values of the heading's axis; several when their rows are equal. */
  readonly headings: readonly string[];
  readonly rows: readonly GridRow[];
}

export interface ArrangedGrid {
  readonly layout: Layout;
  /** Each column's values, one for each axis of `Layout.columns`. */
  readonly columns: readonly (readonly string[])[];
  readonly blocks: readonly GridBlock[];
}

/** Lines that the rows and headings of a grid take. */
export function heightOf({ blocks, layout }: ArrangedGrid): number {
  return blocks.reduce((sum, block) => sum + block.rows.length + (layout.heading === null ? 0 : 1), 0);
}

interface FilledRow {
  readonly values: readonly string[];
  readonly slots: Map<number, Map<CellMark, number>>;
}

/** Puts cells into their places. Blocks with equal rows become one with several headings. */
export function arrange(cells: readonly GridCell[], layout: Layout): ArrangedGrid {
  const columns = keysOf(cells, layout.columns);
  const columnAt = new Map(columns.map((key, index) => [key.join("\n"), index]));
  const blocks = new Map<string, Map<string, FilledRow>>();
  for (const { axes, state } of cells) {
    const heading = layout.heading === null ? "" : (axes[layout.heading.name] ?? LACKING);
    const rows = blocks.get(heading) ?? new Map<string, FilledRow>();
    blocks.set(heading, rows);
    const values = layout.rows.map(({ name }) => axes[name] ?? LACKING);
    const key = values.join("\n");
    const row = rows.get(key) ?? { values, slots: new Map<number, Map<CellMark, number>>() };
    rows.set(key, row);
    const column = columnAt.get(layout.columns.map(({ name }) => axes[name] ?? LACKING).join("\n")) ?? 0;
    const slot = row.slots.get(column) ?? new Map<CellMark, number>();
    row.slots.set(column, slot);
    slot.set(state, (slot.get(state) ?? 0) + 1);
  }
  const order = layout.heading === null ? [""] : layout.heading.values.filter((value) => blocks.has(value));
  const sorted = order.map((heading) => ({
    headings: [heading],
    rows: [...(blocks.get(heading)?.values() ?? [])].toSorted(byValues(layout.rows)),
  }));
  return { layout, columns, blocks: mergeEqual(sorted) };
}

/** The distinct values of some axes that occur together, in the axes' order. */
function keysOf(cells: readonly GridCell[], axes: readonly GridAxis[]): readonly (readonly string[])[] {
  const keys = new Map<string, { readonly values: readonly string[] }>();
  for (const cell of cells) {
    const values = axes.map(({ name }) => cell.axes[name] ?? LACKING);
    const key = values.join("\n");
    if (!keys.has(key)) keys.set(key, { values });
  }
  return [...keys.values()].toSorted(byValues(axes)).map(({ values }) => values);
}

function byValues(axes: readonly GridAxis[]) {
  const places = axes.map(({ values }) => new Map(values.map((value, index) => [value, index])));
  return (left: { readonly values: readonly string[] }, right: { readonly values: readonly string[] }): number => {
    for (const [at, place] of places.entries()) {
      const difference = (place.get(left.values[at] ?? "") ?? 0) - (place.get(right.values[at] ?? "") ?? 0);
      if (difference !== 0) return difference;
    }
    return 0;
  };
}

function mergeEqual(blocks: readonly GridBlock[]): readonly GridBlock[] {
  const merged = new Map<string, GridBlock>();
  for (const block of blocks) {
    const key = JSON.stringify(
      block.rows.map(({ values, slots }) => [values, [...slots].toSorted((a, b) => a[0] - b[0]).map(slotKey)]),
    );
    const same = merged.get(key);
    merged.set(key, same === undefined ? block : { ...same, headings: [...same.headings, ...block.headings] });
  }
  return [...merged.values()];
}

/** What is seen of a place: of one cell its state, of several how many count as what. */
function slotKey([column, slot]: readonly [number, Slot]): unknown {
  const [[state, many] = [leading(slot), 1]] = slot;
  if (slot.size === 1 && many === 1) return [column, state.word];
  const counts = new Map<string, number>();
  for (const [{ counted }, each] of slot) counts.set(counted, (counts.get(counted) ?? 0) + each);
  return [column, leading(slot).mark, [...counts].toSorted(([left], [right]) => (left < right ? -1 : 1))];
}

/** The state of a place: of several, the one of the highest rank. */
export function leading(slot: Slot): CellMark {
  let best: CellMark | null = null;
  for (const state of slot.keys()) if (best === null || state.rank > best.rank) best = state;
  if (best === null) throw new Error("a place of the grid has no cell");
  return best;
}
