import type { Knowledge } from "./knowledge.ts";
import type { Citation } from "./record.ts";
import type { TorchRelease } from "./torch-release.ts";
import type { TorchWheel, WheelIndex } from "./torch-wheel-list.ts";

/** Which wheel of PyTorch a cell needs. */
export interface TorchCell {
  readonly platform: string;
  /** Value of the cuda axis; null: any, as the cell has no such axis. */
  readonly cuda: string | null;
  readonly python: string;
}

/** What the lists of a release's wheels say of a cell; `silent` when none of them covers it. */
export type ListAnswer =
  | { readonly kind: "listed"; readonly wheel: TorchWheel; readonly citation: Citation }
  | { readonly kind: "not-listed"; readonly wheels: WheelIndex; readonly citation: Citation }
  | { readonly kind: "silent" };

/** Asks the lists, the most complete one first: PyTorch's index, PyPI, the CPU part of the index. */
export function askLists(release: TorchRelease, cell: TorchCell): ListAnswer {
  const { index, pypi, cpuIndex } = release.lists;
  const variant = cell.cuda ?? release.pypiDefault.get(cell.platform) ?? "cpu";
  if (index) return answer(index, release, cell, cite(release, "wheels"), true);
  // A cell of any variant is possible if one list has it; only the complete index says that none has.
  const complete = cell.cuda !== null;
  if (pypi && (cell.cuda === null || release.pypiDefault.get(cell.platform) === variant)) {
    const said = answer(pypi, release, cell, cite(release, "pypi-wheels"), complete);
    if (said.kind !== "silent") return said;
  }
  if (cpuIndex && variant === "cpu" && comparesAtLeast(cell.python, cpuIndex.pythonMin)) {
    return answer(cpuIndex.wheels, release, cell, cite(release, "cpu-index-wheels"), complete);
  }
  return { kind: "silent" };
}

function answer(
  wheels: WheelIndex,
  release: TorchRelease,
  { platform, cuda, python }: TorchCell,
  citation: Citation,
  complete: boolean,
): ListAnswer {
  const variants = wheels.get(platform);
  const wheel =
    cuda === null
      ? anyVariant(variants, release.pypiDefault.get(platform) ?? "cpu", python)
      : variants?.get(cuda)?.get(python);
  if (wheel) return { kind: "listed", wheel, citation };
  return complete ? { kind: "not-listed", wheels, citation } : { kind: "silent" };
}

/** The variant that PyPI carries first, then by name: the answer must not depend on the order of the data. */
function anyVariant(
  variants: ReadonlyMap<string, ReadonlyMap<string, TorchWheel>> | undefined,
  preferred: string,
  python: string,
): TorchWheel | undefined {
  if (!variants) return undefined;
  const names = [preferred, ...[...variants.keys()].toSorted()];
  for (const name of names) {
    const wheel = variants.get(name)?.get(python);
    if (wheel) return wheel;
  }
  return undefined;
}

function comparesAtLeast(python: string, minimum: string): boolean {
  return minor(python) >= minor(minimum);
}

function minor(python: string): number {
  return Number(/^3\.(\d+)/.exec(python)?.[1] ?? -1);
}

/** The document of a topic, or the file itself. */
export function cite(release: TorchRelease, ...topics: readonly string[]): Citation {
  for (const topic of topics) {
    const citation = release.citations.get(topic);
    if (citation) return citation;
  }
  return [...release.citations.entries()].toSorted(([a], [b]) => (a < b ? -1 : 1))[0]?.[1] ?? NOWHERE;
}

const NOWHERE: Citation = { source: "matrix/data/pytorch-releases.json", asOf: "" };

/** The file itself, for what no document says. */
export function citeData(knowledge: Knowledge): Citation {
  return { source: NOWHERE.source, asOf: knowledge.version };
}
