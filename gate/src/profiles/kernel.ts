/** One metric of one kernel launch, in base units: seconds, bytes, cycles, or as named. */
export interface KernelMetric {
  readonly value: number;
  /** `s`, `B`, `B/s`, `Hz`, `%`, or the unit as Nsight Compute names it (`inst`, `sector`); empty for a plain number. */
  readonly unit: string;
}

/** One profiled launch of a kernel. */
export interface KernelProfile {
  /** Nsight Compute's number of the launch in its report. */
  readonly id: string;
  readonly kernel: string;
  /** `(256, 1, 1)`; `(256)` where only their number is known. */
  readonly block: string;
  readonly grid: string;
  readonly device: string;
  /** Compute capability, `12.0`; empty where the report does not say. */
  readonly computeCapability: string;
  readonly metrics: ReadonlyMap<string, KernelMetric>;
  /** Metrics that were asked for and have no value, each with the reason. Never zero. */
  readonly missing: ReadonlyMap<string, string>;
  /** Its machine code; absent where it is not known. */
  readonly binary?: KernelBinary;
}

/** Machine code of a kernel: an equal hash is an unchanged kernel. */
export interface KernelBinary {
  /** `90a`. */
  readonly architecture: string;
  readonly sha256: string;
}
