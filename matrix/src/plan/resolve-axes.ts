import { admits } from "../known/admits.ts";
import { comparePlatforms } from "../known/platforms.ts";
import { comparePythons, KNOWN_PYTHONS } from "../known/pythons.ts";
import type { SpecAxes } from "../spec/spec.ts";
import type { FarmPython } from "./plan.ts";

/** The values of the axes, each once and in the order of plans. Their product is the matrix. */
export interface Axes {
  readonly os: readonly string[];
  readonly python: readonly string[];
}

/**
 * Resolves `available` against the farm. For Pythons it means those that any
 * agent of a platform in the matrix has: which of them one platform lacks is
 * for the exclusions to say.
 */
export function resolveAxes(axes: SpecAxes, farm: readonly FarmPython[]): Axes {
  const os = axes.os === "available" ? farm.map(({ platform }) => platform) : axes.os;
  return {
    os: [...new Set(os)].sort(comparePlatforms),
    python: [...new Set(pythons(axes, farm))].sort(comparePythons),
  };
}

function pythons({ os, python }: SpecAxes, farm: readonly FarmPython[]): readonly string[] {
  switch (python.kind) {
    case "available":
      return farm.filter(({ platform }) => os === "available" || os.includes(platform)).map(({ feature }) => feature);
    case "versions":
      return python.versions;
    case "specifier":
      return KNOWN_PYTHONS.filter((known) => !known.freeThreaded && admits(python.specifier, known.feature)).map(
        (known) => known.feature,
      );
  }
}
