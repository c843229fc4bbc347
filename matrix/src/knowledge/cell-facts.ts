import { driverLevel, oldestDriver } from "./driver-level.ts";
import type { Knowledge } from "./knowledge.ts";

/**
 * `_GLIBCXX_USE_CXX11_ABI` of PyTorch's plain wheel; null where it does not matter
 * (macOS, Windows) or no document that was read says it. `cuda` null: the cell
 * has no such axis, and the answer holds for all variants.
 */
export function cxx11Abi(
  knowledge: Knowledge,
  torchVersion: string,
  cuda: string | null,
  platform: string,
): "0" | "1" | null {
  const variants = knowledge.torchByVersion.get(torchVersion)?.cxx11Abi.get(platform);
  if (!variants) return null;
  if (cuda === null) {
    const all = new Set(variants.values());
    return all.size === 1 ? (variants.values().next().value ?? null) : null;
  }
  const named = variants.get(cuda) ?? (cuda.startsWith("rocm") ? variants.get("rocm") : undefined);
  return named ?? variants.get("default") ?? null;
}

/** Compute capabilities that PyTorch's build holds code for, "9.0" or "12.0+PTX"; null when not known or without CUDA. */
export function torchArchList(
  knowledge: Knowledge,
  torchVersion: string,
  cuda: string | null,
  platform: string,
): readonly string[] | null {
  if (cuda === null) return null;
  return knowledge.torchByVersion.get(torchVersion)?.archLists.get(platform)?.get(cuda) ?? null;
}

/** Newest major version of gcc that the toolkit's newest patch release accepts as host compiler; null when not known. */
export function hostGccMax(knowledge: Knowledge, cuda: string): number | null {
  const toolkits = knowledge.toolkitsByFeature.get(cuda) ?? [];
  return toolkits.findLast(({ hostGccMax: gcc }) => gcc !== null)?.hostGccMax ?? null;
}

/**
 * Whether a driver ("535.104.05", or a branch, "535") runs a CUDA feature version
 * on the system of a value of the os axis; see `driverLevel` for what the answers mean.
 */
export function driverRuns(
  knowledge: Knowledge,
  driver: string,
  cuda: string,
  os: string,
): "runs" | "runs-without-newest-features" | "does-not-run" | "unknown" {
  const { level } = driverLevel(knowledge, driver, cuda, os);
  return (
    { all: "runs", "minor-version": "runs-without-newest-features", none: "does-not-run", unknown: "unknown" } as const
  )[level];
}

/** The oldest driver that runs a CUDA feature version on the system of a value of the os axis, "525.60.13"; null when not known. */
export function minimumDriver(knowledge: Knowledge, cuda: string, os: string): string | null {
  return oldestDriver(knowledge, cuda, os);
}

/** Of a value of the gpu axis; null for `none` and for a model that the data does not have. */
export function gpuFacts(
  knowledge: Knowledge,
  gpu: string,
): { readonly model: string | null; readonly computeCapability: string } | null {
  if (/^\d+\.\d+$/.test(gpu)) return { model: null, computeCapability: gpu };
  const model = knowledge.gpuByName.get(gpu);
  return model ? { model: model.name, computeCapability: model.computeCapability } : null;
}
