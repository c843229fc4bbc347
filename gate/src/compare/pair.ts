export type Arm = "baseline" | "candidate";

/** What was read around one process; null is what could not be read. */
export interface ProcessStamp {
  /** Null when the benchmark uses no GPU. */
  readonly gpu: GpuStamp | null;
  /** Mean use of CPU by processes that are not the job's, in cores. */
  readonly foreignCpu: number | null;
}

export interface GpuStamp {
  readonly uuid: string;
  readonly driver: string;
  readonly smClockMhz: { readonly before: number; readonly after: number } | null;
  /** What the GPU runs at when nothing limits it. */
  readonly defaultSmClockMhz: number | null;
  readonly temperatureC: number | null;
  readonly powerW: number | null;
  /** As the driver names them: recorded, and judged by the clock that they cost. */
  readonly throttleReasons: readonly string[];
  /** Other processes on the device. */
  readonly otherProcesses: number | null;
}

/** One process: its value is the median of its iterations, in the benchmark's unit. */
export interface ProcessResult {
  readonly value: number;
  readonly stamp: ProcessStamp;
}

/** Two processes that ran one after the other. */
export interface MeasuredPair {
  readonly first: Arm;
  readonly baseline: ProcessResult;
  readonly candidate: ProcessResult;
}

/** Which arm runs first in each pair, ABBA: what drifts steadily hits both arms alike. */
export function pairOrder(pairs: number): readonly Arm[] {
  return Array.from({ length: pairs }, (_, i) => (i % 2 === 0 ? "baseline" : "candidate"));
}
