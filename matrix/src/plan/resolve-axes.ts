import { admits } from "../known/admits.ts";
import { compareAxisValues } from "../known/axis-order.ts";
import { cudaValue } from "../known/cuda-value.ts";
import { gpuValue } from "../known/gpu-value.ts";
import { osTarget, platformOf, suggestOs } from "../known/os-target.ts";
import { KNOWN_PYTHONS } from "../known/pythons.ts";
import { resolveTorch, torchBySpecifier } from "../known/torch-value.ts";
import type { Knowledge } from "../knowledge/knowledge.ts";
import { quote } from "../spec/quote.ts";
import type { SpecAxes } from "../spec/spec.ts";
import { sortedRecord } from "./canonical-json.ts";
import { pathOfAxis, placeOfAxis, type PlanContext, type PlanProblem } from "./plan-inputs.ts";
import type { FarmPython, PlanAxis } from "./plan.ts";

/** An axis of the spec with its exact values. Their product, and what `include` adds, is the matrix. */
export interface ResolvedAxis extends PlanAxis {
  /** True when a person wrote each value, so that none may vanish from the plan without a word. */
  readonly named: boolean;
}

export interface ResolvedAxes {
  /** In the order of cell names. */
  readonly axes: readonly ResolvedAxis[];
  readonly problems: readonly PlanProblem[];
}

/** The exact value of what is written, or null when it means nothing. */
export function exactValue(axis: string, written: string, knowledge: Knowledge): string | null {
  switch (axis) {
    case "os":
      return osTarget(written)?.name ?? null;
    case "torch":
      return resolveTorch(written, knowledge);
    case "cuda":
      return cudaValue(written);
    case "gpu":
      return gpuValue(written);
    default:
      return written;
  }
}

/** What to write instead of a value that means nothing. */
export function suggestValue(axis: string, written: string): string {
  switch (axis) {
    case "os":
      return suggestOs(written);
    case "torch":
      return "write a release such as 2.1.2, a feature version such as 2.1, latest, or latest-1";
    case "cuda":
      return 'write cpu, a CUDA version such as "12.1", or rocm6.0';
    default:
      return 'write none, a model such as H100, or a compute capability such as "9.0"';
  }
}

/**
 * Makes the values of every axis exact, each once and in the order of plans.
 * `available` is what the farm has: for Pythons, those that any agent of a
 * platform in the matrix has; which of them one platform lacks is for the
 * exclusions to say.
 */
export function resolveAxes({ spec, farm, places, knowledge }: PlanContext): ResolvedAxes {
  const { os, python, torch, cuda, gpu, driver, own } = spec.axes;
  const problems: PlanProblem[] = [];
  const written = (axis: string, values: readonly string[]): ResolvedAxis => {
    const pairs: [written: string, value: string][] = [];
    for (const text of values) {
      const value = exactValue(axis, text, knowledge);
      if (value !== null) pairs.push([text, value]);
      else {
        const message = `${quote(text)} is no ${WORDS[axis] ?? axis} that Kiln knows`;
        const suggestion = suggestValue(axis, text);
        problems.push({ place: placeOfAxis(places, axis), path: pathOfAxis(axis), message, suggestion });
      }
    }
    return axisOf(axis, pairs, true);
  };

  const axes: ResolvedAxis[] = [];
  switch (python.kind) {
    case "available":
      axes.push(derivedAxis("python", "available", availablePythons(os, farm)));
      break;
    case "versions":
      axes.push(written("python", python.versions));
      break;
    case "specifier":
      axes.push(derivedAxis("python", python.specifier, admittedPythons(python.specifier)));
      break;
  }
  if (torch?.kind === "versions") axes.push(written("torch", torch.versions));
  if (torch?.kind === "specifier") {
    const values = torchBySpecifier(torch.specifier, knowledge);
    if (values.length === 0) {
      const message = `no PyTorch release that Kiln knows is admitted by ${quote(torch.specifier)}`;
      const suggestion = suggestValue("torch", torch.specifier);
      problems.push({ place: placeOfAxis(places, "torch"), path: "matrix.torch", message, suggestion });
    }
    axes.push(derivedAxis("torch", torch.specifier, values));
  }
  if (cuda !== null) axes.push(written("cuda", cuda));
  const platforms = farm.map(({ platform }) => platform);
  axes.push(os === "available" ? derivedAxis("os", "available", platforms) : written("os", os));
  if (gpu !== null) axes.push(written("gpu", gpu));
  if (driver !== null) axes.push(written("driver", driver));
  for (const { name, values } of own.toSorted((a, b) => (a.name < b.name ? -1 : 1))) axes.push(written(name, values));
  return { axes, problems };
}

const WORDS: Readonly<Record<string, string>> = {
  os: "platform or release of a system",
  torch: "PyTorch release",
  cuda: "CUDA version",
  gpu: "GPU",
};

function availablePythons(os: SpecAxes["os"], farm: readonly FarmPython[]): readonly string[] {
  const platforms = os === "available" ? null : new Set(os.map(platformOf));
  return farm.filter(({ platform }) => platforms?.has(platform) ?? true).map(({ feature }) => feature);
}

function admittedPythons(specifier: string): readonly string[] {
  return KNOWN_PYTHONS.filter((known) => !known.freeThreaded && admits(specifier, known.feature)).map(
    (known) => known.feature,
  );
}

function axisOf(name: string, pairs: readonly (readonly [string, string])[], named: boolean): ResolvedAxis {
  const resolved = Object.fromEntries(pairs.filter(([written, value]) => written !== value));
  return {
    name,
    values: inOrder(
      name,
      pairs.map(([, value]) => value),
    ),
    resolved: sortedRecord(resolved),
    named,
  };
}

function derivedAxis(name: string, from: string, found: readonly string[]): ResolvedAxis {
  const values = inOrder(name, found);
  return { name, values, resolved: { [from]: values.join(", ") }, named: false };
}

/** Each once, in the order of plans. */
export function inOrder(axis: string, values: Iterable<string>): readonly string[] {
  return [...new Set(values)].sort((a, b) => compareAxisValues(axis, a, b));
}
