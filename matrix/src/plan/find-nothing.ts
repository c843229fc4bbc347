import type { SpecAxes } from "../spec/spec.ts";
import type { Cell, ExcludedCell } from "./plan.ts";

/** Part of a matrix, or all of it, in which nothing is left to build. */
export interface Nothing {
  readonly path: "matrix.os" | "matrix.python";
  readonly message: string;
  readonly suggestion: string;
}

/**
 * A matrix without cells, or platforms that a person named and that would
 * vanish from it without a word: a run must not pass for want of work.
 */
export function findNothing(
  axes: SpecAxes,
  os: readonly string[],
  cells: readonly Cell[],
  excluded: readonly ExcludedCell[],
): readonly Nothing[] {
  if (cells.length === 0) return [nothingAtAll(axes, excluded)];
  if (axes.os === "available") return [];
  const present = new Set(cells.map((cell) => cell.axes.os));
  return os
    .filter((platform) => !present.has(platform))
    .map((platform) => {
      const why = reasons(excluded.filter((cell) => cell.axes.os === platform));
      return {
        path: "matrix.os",
        message: `nothing is left to build on ${platform}: ${why}`,
        suggestion: `name Pythons for it in matrix.python, start an agent on it, or leave ${platform} out`,
      };
    });
}

function nothingAtAll(axes: SpecAxes, excluded: readonly ExcludedCell[]): Nothing {
  if (excluded.length > 0) {
    return {
      path: "matrix.python",
      message: `nothing is left to build: all ${excluded.length} cells are excluded: ${reasons(excluded)}`,
      suggestion: "name other Pythons in matrix.python",
    };
  }
  const where = axes.os === "available" ? "" : ` on ${axes.os.toSorted().join(", ")}`;
  return {
    path: "matrix.os",
    message: `the matrix has no cells: no agent${where} is online with a Python`,
    suggestion: "start an agent, or name platforms and Pythons under matrix",
  };
}

const REASONS_SHOWN = 3;

function reasons(excluded: readonly ExcludedCell[]): string {
  const all = [...new Set(excluded.map(({ reason }) => reason))];
  const more = all.length - REASONS_SHOWN;
  return all.slice(0, REASONS_SHOWN).join("; ") + (more > 0 ? `; and ${more} more reasons` : "");
}
