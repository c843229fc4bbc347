/** An NVIDIA GPU, as its driver describes it; what the driver does not say is empty or null. */
export interface Gpu {
  /** "GPU-…" */
  readonly uuid: string;
  /** "NVIDIA H100 80GB HBM3" */
  readonly model: string;
  /** "9.0"; empty: the driver is too old to say. */
  readonly computeCapability: string;
  readonly memoryBytes: number;
  /** "535.104.05" */
  readonly driver: string;
  /** Newest CUDA that the driver runs without restriction, "12.2", as it says itself; empty: it does not. */
  readonly cudaDriver: string;
  /** Newest major CUDA release that it runs by minor version compatibility, "12"; empty: older than that rule. */
  readonly cudaMinorCompatible: string;
  /** Empty: the GPU has no such mode. */
  readonly migMode: "enabled" | "disabled" | "";
  readonly migSlices: readonly MigSlice[];
  readonly eccMode: "enabled" | "disabled" | "";
  /** Errors in the GPU's life. */
  readonly eccCorrected: number | null;
  readonly eccUncorrected: number | null;
  readonly smClockMaxMhz: number | null;
  readonly memoryClockMaxMhz: number | null;
  readonly powerLimitWatts: number | null;
  /** Whether the agent may lock clocks (`nvidia-smi --lock-gpu-clocks`). */
  readonly clocksLockable: Probe;
  /** Whether ncu may read performance counters (ERR_NVGPUCTRPERM otherwise). */
  readonly countersReadable: Probe;
  /** Those that are no job's. */
  readonly processes: readonly GpuProcess[];
  /** "00000000:3B:00.0" */
  readonly pciBusId: string;
}

/** A part of a GPU that jobs can have to themselves. */
export interface MigSlice {
  /** "MIG-…" */
  readonly uuid: string;
  /** "1g.10gb" */
  readonly profile: string;
  readonly memoryBytes: number;
}

/** A process that holds memory of a GPU. */
export interface GpuProcess {
  readonly pid: number;
  readonly name: string;
  readonly memoryBytes: number;
}

/** The answer to a question, with what was seen and, unless it is yes, what to do. */
export interface Probe {
  readonly answer: "yes" | "no" | "unknown";
  readonly detail: string;
}

/** Numbers of a GPU at one moment; null: the driver does not say. */
export interface GpuReading {
  readonly uuid: string;
  readonly utilizationPercent: number | null;
  readonly temperatureCelsius: number | null;
  readonly smClockMhz: number | null;
  readonly memoryUsedBytes: number | null;
}
