import type { BenchWork } from "../job.ts";
import type { MeasuredProcess } from "../report.ts";

/**
 * What disturbed a process, in a few words; null: nothing that was read. The
 * coordinator judges by the stamps themselves; this only decides whether to
 * measure again while the machine is at hand.
 */
export function disturbance({ gpu, foreignCpu }: MeasuredProcess["stamp"], bench: BenchWork): string | null {
  const { boundBy, clockShareMin, foreignCpuMax } = bench;
  if (boundBy !== "host" && gpu) {
    if ((gpu.otherProcesses ?? 0) > 0) return `${gpu.otherProcesses} other processes were on the GPU`;
    const slowest = gpu.smClockMhz && Math.min(gpu.smClockMhz.before, gpu.smClockMhz.after);
    if (slowest !== null && gpu.defaultSmClockMhz !== null && slowest < clockShareMin * gpu.defaultSmClockMhz) {
      return `the GPU ran at ${slowest} MHz of ${gpu.defaultSmClockMhz} MHz`;
    }
  }
  if (boundBy !== "gpu" && foreignCpu !== null && foreignCpu > foreignCpuMax) {
    return `other processes used ${foreignCpu.toFixed(2)} cores`;
  }
  return null;
}
