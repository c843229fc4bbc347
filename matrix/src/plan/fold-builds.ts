import { holds } from "../combine/condition.ts";
import { compareAxisValues } from "../known/axis-order.ts";
import { cudaVariant } from "../known/cuda-value.ts";
import { osTarget, platformOf } from "../known/os-target.ts";
import type { WheelSpec } from "../spec/spec.ts";
import type { CellTable } from "./cell-table.ts";
import { axesOf, perProjection } from "./per-projection.ts";
import type { CellAxes } from "./plan.ts";

/** What a build depends on: cells with the same of these share it. null: it does not depend on that axis. */
export interface BuildCoordinates {
  readonly kind: "native" | "abi3" | "pure";
  readonly python: string | null;
  readonly torch: string | null;
  readonly cuda: string | null;
  /** `linux-x86_64`, or `musllinux-x86_64` (PEP 656) for distributions with musl. */
  readonly platform: string | null;
}

/** One build with the cells that it serves. */
export interface FoldedBuild {
  /** Number in the order of first use. */
  readonly index: number;
  readonly wheel: WheelSpec;
  readonly at: BuildCoordinates;
  /** The row of the cell whose Python, platform, torch and CUDA it is made with. */
  readonly madeIn: number;
  /** The variant (`cpu`, `cu118`) of all its cells; null when they differ or have none. */
  readonly variant: string | null;
}

export interface Folding {
  readonly builds: readonly FoldedBuild[];
  /** The build of a row's cell. */
  readonly buildOf: (row: number) => FoldedBuild;
}

interface Draft {
  readonly index: number;
  readonly wheel: WheelSpec;
  readonly at: BuildCoordinates;
  madeIn: number;
  variant: string | null;
}

/**
 * Folds the builds of the cells of `rows`, which are in the order of the plan:
 * the OS folds into its platform, and a wheel folds over whatever it does not
 * depend on; gpu, driver and the user's own axes never split builds.
 *
 * A build that serves many is made with the oldest torch (a stable ABI serves
 * later ones) and Python (PEP 384 likewise) among its cells, without CUDA
 * rather than with, and else where its first cell is.
 */
export function foldBuilds(table: CellTable, rows: readonly number[], wheels: readonly WheelSpec[]): Folding {
  const drafts = new Map<string, Draft>();
  const axes = ["python", "torch", "cuda", "os", ...wheels.flatMap(({ when }) => Object.keys(when ?? {}))];
  const draftOf = perProjection(table, axes, (cell, row): Draft => {
    const wheelIndex = wheels.findIndex(({ when }) => holds(when, cell));
    const wheel = wheels[wheelIndex];
    if (!wheel) throw new Error("the last wheel of a spec has no condition");
    const at = coordinatesOf(wheel, cell);
    const key = JSON.stringify([wheelIndex, at.kind, at.python, at.torch, at.cuda, at.platform]);
    const known = drafts.get(key);
    if (known) return known;
    const draft = { index: drafts.size, wheel, at, madeIn: row, variant: variantOf(cell) };
    drafts.set(key, draft);
    return draft;
  });
  const isBetter = betterPlace(table);
  for (const row of rows) {
    const draft = draftOf(row);
    if (row === draft.madeIn) continue;
    if (draft.variant !== null && variantOf(axesOf(table, row)) !== draft.variant) draft.variant = null;
    if (isBetter(row, draft)) draft.madeIn = row;
  }
  return { builds: [...drafts.values()], buildOf: draftOf };
}

function variantOf({ cuda }: CellAxes): string | null {
  return cuda === undefined ? null : cudaVariant(cuda);
}

function coordinatesOf(wheel: WheelSpec, cell: CellAxes): BuildCoordinates {
  if (wheel.kind.kind === "pure") return { kind: "pure", python: null, torch: null, cuda: null, platform: null };
  const { torch = null, cuda = null, os, python } = cell;
  const abi3 = wheel.kind.kind === "abi3" && hasAbi3(python, wheel.kind.python);
  return {
    kind: abi3 ? "abi3" : "native",
    python: abi3 ? null : python,
    torch: wheel.torch === "linked" ? torch : null,
    cuda: wheel.cuda === "linked" ? cuda : null,
    platform: wheelPlatform(os),
  };
}

/** All distributions with glibc share a build; its policy says which of them can use it. */
function wheelPlatform(os: string): string {
  const platform = platformOf(os);
  return osTarget(os)?.libc === "musl" ? platform.replace(/^linux-/, "musllinux-") : platform;
}

/** PEP 384's stable ABI: from the floor on, and not in free-threaded builds (PEP 703), which get their own wheel. */
function hasAbi3(python: string, floor: string): boolean {
  return !python.endsWith("t") && compareAxisValues("python", python, floor) >= 0;
}

/** Whether a row is a better place for a build than the one it has; rows come in the order of the plan. */
function betterPlace(table: CellTable): (row: number, draft: Draft) => boolean {
  const width = table.axes.length;
  const columnOf = (axis: string): number => table.axes.findIndex(({ name }) => name === axis);
  const [torch, python, cuda] = [columnOf("torch"), columnOf("python"), columnOf("cuda")];
  const codeAt = (row: number, column: number): number => {
    const code = column < 0 ? -1 : (table.codes[row * width + column] ?? -1);
    // What has no torch cannot show what a build against torch needs.
    return code < 0 ? Number.MAX_SAFE_INTEGER : code;
  };
  return (row, { wheel, at, madeIn }) => {
    if (at.kind === "pure") return false;
    const folded = [
      ...(wheel.torch === "stable" ? [torch] : []),
      ...(at.kind === "abi3" ? [python] : []),
      ...(wheel.cuda === "none" && wheel.torch !== "none" ? [cuda] : []),
    ];
    for (const column of folded) {
      const difference = codeAt(row, column) - codeAt(madeIn, column);
      if (difference !== 0) return difference < 0;
    }
    return false;
  };
}
