import type { AttemptRef } from "./attempt-key.ts";
import type { IndexBaseline } from "./measure/index-baseline.ts";

/** Content-addressed bytes that the coordinator keeps. */
export interface Blob {
  /** Lower-case hexadecimal SHA-256. */
  readonly sha256: string;
  readonly sizeBytes: number;
  /** Without folders. */
  readonly filename: string;
}

/** What is being released, as its project writes it. */
export interface Candidate {
  readonly name: string;
  /** null when only the built wheel can tell. */
  readonly version: string | null;
}

export interface JobLimits {
  /** Wall-clock time for the whole job. */
  readonly timeoutMs: number;
  /** Bytes of captured output. */
  readonly logBytesMax: number;
}

/** PEP 517: source in, one wheel out. */
export interface BuildWork {
  readonly kind: "build";
  readonly source: Blob;
  readonly candidate: Candidate;
  readonly configSettings: Readonly<Record<string, string>>;
  readonly frontend: "pip" | "cibuildwheel";
  /** It is built a second time, and what comes out is compared. */
  readonly checkReproducible: boolean;
  /** null: any wheel of the candidate will do. */
  readonly wheel: WheelWish | null;
}

/** The wheel that a build promises. */
export interface WheelWish {
  readonly kind: "native" | "abi3" | "pure";
  /** Installed before the build, which then runs without isolation; null: a build with isolation. */
  readonly torch: Torch | null;
  /** CUDA feature version, "12.1", whose toolkit it needs and whose device code it must hold; "rocm6.0"; null: neither. */
  readonly cuda: string | null;
  /** The index of the run that PyTorch and the build requirements come from: "cpu", "cu118", "any". */
  readonly index: string;
  /** PEP 440 local version that the wheel must have; null: none is asked. */
  readonly localVersion: string | null;
  /** `_GLIBCXX_USE_CXX11_ABI` of that PyTorch; null: not known. */
  readonly cxx11Abi: "0" | "1" | null;
  /** As TORCH_CUDA_ARCH_LIST has them: "8.0", "9.0+PTX". Empty: not promised. */
  readonly archList: readonly string[];
  /** Platform policy, "manylinux_2_28"; null: what the repair finds. */
  readonly policy: string | null;
}

/** A release of PyTorch in one of its variants. */
export interface Torch {
  /** "2.1.2" */
  readonly version: string;
  /** "cpu", "cu118", "rocm6.0" */
  readonly variant: string;
}

/** A fresh environment, that exact wheel, then the package's own test. */
export interface TestWork {
  readonly kind: "test";
  readonly wheel: Blob;
  readonly candidate: Candidate;
  readonly extras: readonly string[];
  /** Requirements (PEP 508) installed beside the wheel. */
  readonly requires: readonly string[];
  /** The index of the run that all of it is installed from: "cpu", "cu118", "any"; null: the agent's own pip settings and the wheel's file. */
  readonly index: string | null;
  /** Installed beside the wheel; null: none but what the wheel asks for. */
  readonly torch: Torch | null;
  readonly check: ImportCheck | CommandCheck;
  /** How often tests that failed are run again, to tell those that pass then. */
  readonly repeatFailed: number;
}

/** A command in a fresh environment: a check of the source, or a scan of a wheel. */
export interface CommandWork {
  readonly kind: "command";
  /** Requirements (PEP 508) installed before it. */
  readonly requires: readonly string[];
  readonly check: CommandCheck;
  /** The wheel to scan: the command finds its path in KILN_WHEEL. null for a check. */
  readonly wheel: Blob | null;
}

/** A command whose processes are measured, for the candidate and for a baseline in an environment beside it. */
export interface MeasureWork {
  readonly kind: "measure";
  readonly wheel: Blob;
  readonly candidate: Candidate;
  /** Requirements (PEP 508) installed beside either wheel. */
  readonly requires: readonly string[];
  /** The index of the run that what both wheels need is installed from. */
  readonly index: string;
  readonly torch: Torch | null;
  readonly check: CommandCheck;
  /** null: there is none, and the candidate is measured alone. */
  readonly baseline: BaselineWheel | IndexBaseline | null;
  readonly how: BenchWork | ProfileWork;
}

/** A baseline that the farm has the wheel of. */
export interface BaselineWheel {
  readonly kind: "wheel";
  readonly version: string;
  readonly wheel: Blob;
  /** That made it, "r12"; null where an older coordinator does not say. */
  readonly run: string | null;
  /** Of that run's source, where the baseline was named by it. */
  readonly commit: string | null;
}

export interface BenchWork {
  readonly kind: "bench";
  readonly pairs: number;
  /** Pairs that may be measured again because they were disturbed. */
  readonly pairsAgainMax: number;
  readonly boundBy: "gpu" | "host" | "both";
  /** A process is disturbed when the GPU runs below this share of its default clock, … */
  readonly clockShareMin: number;
  /** … or when other processes use more than so many cores. */
  readonly foreignCpuMax: number;
  /** Names of the files with results; * stands for any characters. */
  readonly results: string;
}

export interface ProfileWork {
  readonly kind: "profile";
  /** Regular expression that a kernel's name has to match as a whole; null: any. */
  readonly kernels: string | null;
  readonly launchSkip: number;
  readonly launchCount: number;
  /** What to collect; each by the names that chips have for it. */
  readonly metrics: readonly (readonly string[])[];
}

export interface ImportCheck {
  readonly kind: "import";
}

export interface CommandCheck {
  readonly kind: "command";
  /** Run by the platform's shell. */
  readonly command: string;
  readonly source: Blob;
  /** Paths of the source that the command needs, relative to its root. */
  readonly files: readonly string[];
}

/** What a job asks of the container that it runs in; each may be absent. An executor without containers passes it over. */
export interface ContainerWish {
  /** A reference to an image, "debian:12" or "name@sha256:…". */
  readonly image?: string;
  /** A platform policy, "manylinux_2_28", whose image the agent's owner has set. */
  readonly manylinux?: string;
  /** "open": its own command may use the network too. */
  readonly network?: "none" | "open";
}

export interface Job {
  /** Unique in its run, for example `build-cp312-linux-x86_64`. */
  readonly name: string;
  /** CPython feature version, "3.12" or "3.13t". */
  readonly python: string;
  readonly env: Readonly<Record<string, string>>;
  /** Names of secrets, and of the variables that its own commands find them in. Absent: none. */
  readonly secrets?: readonly string[];
  readonly limits: JobLimits;
  readonly work: BuildWork | TestWork | CommandWork | MeasureWork;
  readonly container?: ContainerWish;
  /** What it has to itself until it ends; absent: nothing. */
  readonly devices?: JobDevices;
}

/** What the scheduler has set aside for one attempt. */
export interface JobDevices {
  /** UUIDs of GPUs ("GPU-…") or MIG slices ("MIG-…"): the job's commands see these and no others. */
  readonly gpus: readonly string[];
  /** No other job runs on the machine meanwhile. */
  readonly host: boolean;
}

/** What the coordinator asked for, parsed. */
export interface Assignment {
  readonly ref: AttemptRef;
  readonly job: Job;
}
