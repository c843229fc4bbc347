import type { MeasuredPair, ProcessStamp } from "./pair.ts";
import type { ComparePolicy } from "./policy.ts";

/** Whether the benchmark waits for the GPU, the host's CPU, or both. */
export type BoundBy = "gpu" | "host" | "both";

/**
 * Why a pair says nothing about the candidate; undefined when it is clean. A
 * reading that is missing counts: what was not looked at is not known to be
 * clean.
 */
export function contamination(
  { baseline, candidate }: MeasuredPair,
  boundBy: BoundBy,
  policy: ComparePolicy,
): string | undefined {
  for (const [arm, { stamp }] of [
    ["baseline", baseline],
    ["candidate", candidate],
  ] as const) {
    const found =
      (boundBy === "host" ? undefined : ofGpu(stamp, policy)) ??
      (boundBy === "gpu" ? undefined : ofHost(stamp, policy));
    if (found !== undefined) return `${found} (${arm})`;
  }
  const [one, other] = [baseline.stamp.gpu, candidate.stamp.gpu];
  if (one && other && one.uuid !== other.uuid) return `the arms ran on different GPUs: ${one.uuid} and ${other.uuid}`;
  if (one && other && one.driver !== other.driver)
    return `the arms ran on different drivers: ${one.driver} and ${other.driver}`;
  return undefined;
}

function ofGpu({ gpu }: ProcessStamp, { clockShareMin }: ComparePolicy): string | undefined {
  if (!gpu) return "no GPU was read";
  if (gpu.otherProcesses === null) return "other processes on the GPU were not read";
  if (gpu.otherProcesses > 0) return `${gpu.otherProcesses} other processes were on the GPU`;
  if (!gpu.smClockMhz || gpu.defaultSmClockMhz === null) return "the GPU's clock was not read";
  const slowest = Math.min(gpu.smClockMhz.before, gpu.smClockMhz.after);
  if (slowest < clockShareMin * gpu.defaultSmClockMhz) {
    const why = gpu.throttleReasons.length > 0 ? ` (${gpu.throttleReasons.join(", ")})` : "";
    return `the GPU ran at ${slowest} MHz of ${gpu.defaultSmClockMhz} MHz${why}`;
  }
  return undefined;
}

function ofHost({ foreignCpu }: ProcessStamp, { foreignCpuMax }: ComparePolicy): string | undefined {
  if (foreignCpu === null) return "other processes on the host were not read";
  return foreignCpu > foreignCpuMax
    ? `other processes used ${foreignCpu.toFixed(2)} cores; at most ${foreignCpuMax} are allowed`
    : undefined;
}
