/**
 * Oldest driver of each major release of CUDA that runs any minor release of it.
 * NVIDIA, "CUDA Compatibility", Minor Version Compatibility, Table 1. The
 * coordinator decides by its own data; this is what the agent shows.
 */
const MINOR_COMPATIBILITY = [
  { cuda: 13, linux: [580], windows: [580] },
  { cuda: 12, linux: [525, 60, 13], windows: [528, 33] },
  { cuda: 11, linux: [450, 80, 2], windows: [452, 39] },
] as const;

/**
 * Newest major release of CUDA that a driver runs by minor version
 * compatibility, "12"; empty where the driver is older than that rule.
 * `cudaDriver` is what the driver says that it runs without restriction, "12.2":
 * a driver newer than this table runs at least that release.
 */
export function minorCompatible(driver: string, cudaDriver: string, os: string): string {
  const version = driver.split(".").map(Number);
  const rule = MINOR_COMPATIBILITY.find((one) => isAtLeast(version, os === "windows" ? one.windows : one.linux));
  const own = Number(/^(\d+)\./.exec(cudaDriver)?.[1] ?? 0);
  const major = Math.max(rule?.cuda ?? 0, own >= 11 ? own : 0);
  return major === 0 ? "" : String(major);
}

/** Compares dotted versions, number by number; a missing number counts as 0. */
export function isAtLeast(version: readonly number[], minimum: readonly number[]): boolean {
  for (let at = 0; at < Math.max(version.length, minimum.length); at++) {
    const difference = (version[at] ?? 0) - (minimum[at] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return true;
}

/**
 * Whether a driver runs what a toolkit of this version ("12.4.131") builds: the
 * release that the driver names, an older one, or one of a major release that it
 * runs by minor version compatibility. True where the driver says neither.
 */
export function isBuiltFor(
  { cudaDriver, cudaMinorCompatible }: { readonly cudaDriver: string; readonly cudaMinorCompatible: string },
  toolkit: string,
): boolean {
  if (cudaDriver === "" && cudaMinorCompatible === "") return true;
  const release = toolkit.split(".").slice(0, 2).map(Number);
  return isAtLeast(cudaDriver.split(".").map(Number), release) || (release[0] ?? 0) <= Number(cudaMinorCompatible);
}
