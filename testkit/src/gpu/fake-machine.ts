/** What the fake programs of a machine with NVIDIA GPUs answer from; a file that tests write. */
export interface FakeMachine {
  /** "550.54.15" */
  readonly driver: string;
  /** Newest CUDA of the driver, "12.4". */
  readonly cuda: string;
  /** What nvidia-smi does: answers, never ends, or fails with these words and this status. */
  readonly smi: "answers" | "hangs" | { readonly says: string; readonly status: number };
  /** Drivers before 510 do not know the column `compute_cap`. */
  readonly knowsCapability: boolean;
  /** Lines of the kernel's log, as dmesg prints them. */
  readonly kernelLog: readonly string[];
  readonly gpus: readonly FakeGpu[];
  /** What ncu prints; null: it is refused the counters. */
  readonly countersReadable: boolean;
}

export interface FakeGpu {
  readonly uuid: string;
  readonly model: string;
  readonly computeCapability: string;
  readonly pciBusId: string;
  readonly memoryMib: number;
  readonly usedMib: number;
  /** Errors since the driver was loaded. */
  readonly eccCorrected: number;
  readonly eccUncorrected: number;
  /** Words that stand in place of its values; empty: it is sound. */
  readonly sick: string;
  /** Reasons that are active, for example "hw_thermal_slowdown". */
  readonly slowdowns: readonly string[];
  readonly processes: readonly { readonly pid: number; readonly name: string; readonly memoryMib: number }[];
  readonly migSlices: readonly { readonly uuid: string; readonly profile: string; readonly memoryMib: number }[];
  /** What a program on it comes to. */
  readonly kernel: "right" | "wrong" | "hangs" | "crashes" | { readonly code: number; readonly error: string };
}

/** A sound GPU; `changes` go on top. */
export function fakeGpu(uuid: string, changes: Partial<FakeGpu> = {}): FakeGpu {
  return {
    uuid,
    model: "NVIDIA A100-SXM4-80GB",
    computeCapability: "8.0",
    pciBusId: "00000000:3B:00.0",
    memoryMib: 81_920,
    usedMib: 4,
    eccCorrected: 0,
    eccUncorrected: 0,
    sick: "",
    slowdowns: [],
    processes: [],
    migSlices: [],
    kernel: "right",
    ...changes,
  };
}

/** A sound machine with these GPUs. */
export function fakeMachine(gpus: readonly FakeGpu[], changes: Partial<FakeMachine> = {}): FakeMachine {
  return {
    driver: "550.54.15",
    cuda: "12.4",
    smi: "answers",
    knowsCapability: true,
    kernelLog: [],
    countersReadable: true,
    gpus,
    ...changes,
  };
}
