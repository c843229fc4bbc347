import { platformOf } from "../known/os-target.ts";
import type { CudaToolkit, DriverByOs } from "./cuda-toolkit.ts";
import type { Knowledge } from "./knowledge.ts";
import { compareNumbers } from "./number-order.ts";
import type { Citation } from "./record.ts";

/**
 * How far a driver runs a CUDA (NVIDIA, CUDA Compatibility):
 * - `all`: it is at least the driver that comes with the toolkit;
 * - `minor-version`: it is at least the oldest of the major version, so programs
 *   run, but PTX is not compiled for a newer GPU and features that need a newer
 *   driver are not there. `own` null: which driver has all of it is not recorded;
 * - `none`: it is older than that;
 * - `unknown`: the data has no such CUDA, or no number for that system.
 */
export type DriverLevel =
  | { readonly level: "all"; readonly own: string; readonly citation: Citation }
  | {
      readonly level: "minor-version";
      readonly oldest: string;
      readonly own: string | null;
      readonly citation: Citation;
    }
  | { readonly level: "none"; readonly oldest: string; readonly citation: Citation }
  | { readonly level: "unknown" };

/**
 * `driver` is a version, "535.104.05", or a branch, "535", which stands for its
 * newest driver; `cuda` a feature version, whose oldest release counts; `os` a
 * value of the os axis: Linux and Windows number drivers differently.
 */
export function driverLevel(knowledge: Knowledge, driver: string, cuda: string, os: string): DriverLevel {
  const toolkits = knowledge.toolkitsByFeature.get(cuda) ?? [];
  const system = systemOf(os);
  if (system === null || !/^\d+(\.\d+)*$/.test(driver)) return { level: "unknown" };
  const own = lowest(toolkits, system, "ownDriver");
  const oldest = lowest(toolkits, system, "oldestDriver");
  if (own && reaches(driver, own.number)) {
    const citation = own.toolkit.citations.get("toolkit-driver");
    return citation ? { level: "all", own: own.number, citation } : { level: "unknown" };
  }
  const citation = oldest?.toolkit.citations.get("minor-version-driver");
  if (!oldest || !citation) return { level: "unknown" };
  if (!reaches(driver, oldest.number)) return { level: "none", oldest: oldest.number, citation };
  return { level: "minor-version", oldest: oldest.number, own: own?.number ?? null, citation };
}

function lowest(
  toolkits: readonly CudaToolkit[],
  system: keyof DriverByOs,
  field: "ownDriver" | "oldestDriver",
): { readonly number: string; readonly toolkit: CudaToolkit } | null {
  let found: { readonly number: string; readonly toolkit: CudaToolkit } | null = null;
  for (const toolkit of toolkits) {
    const number = toolkit[field][system];
    if (number !== null && (found === null || compareNumbers(number, found.number) < 0)) found = { number, toolkit };
  }
  return found;
}

/** A branch ("525") stands for its newest driver, so it reaches every number of itself. */
function reaches(driver: string, minimum: string): boolean {
  const branchOnly = !driver.includes(".");
  return compareNumbers(driver, branchOnly ? (minimum.split(".")[0] ?? minimum) : minimum) >= 0;
}

function systemOf(os: string): keyof DriverByOs | null {
  const platform = platformOf(os);
  return platform.startsWith("linux-") ? "linux" : platform.startsWith("windows-") ? "windows" : null;
}

/** The oldest driver that runs a CUDA feature version at all, "525.60.13"; null when not known. */
export function oldestDriver(knowledge: Knowledge, cuda: string, os: string): string | null {
  const system = systemOf(os);
  if (system === null) return null;
  const toolkits = knowledge.toolkitsByFeature.get(cuda) ?? [];
  const numbers = (["oldestDriver", "ownDriver"] as const).flatMap(
    (field) => lowest(toolkits, system, field)?.number ?? [],
  );
  return numbers.toSorted(compareNumbers)[0] ?? null;
}
