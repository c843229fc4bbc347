import type { Place as SpecPlace, YamlValue } from "./yaml-value.ts";

/** A parsed kiln.yaml: every default filled in, every unit normalised. */
export interface Spec {
  /** Version that the candidate must have (PEP 440), or null when the spec does not say. */
  readonly version: string | null;
  readonly axes: SpecAxes;
  /** In the order written: GitHub Actions applies them in that order. */
  readonly include: readonly IncludeEntry[];
  readonly exclude: readonly ExcludeEntry[];
  /** What the user knows better than Kiln's data. */
  readonly overrides: readonly OverrideEntry[];
  /** Cells of which Kiln's data cannot tell whether they are possible. */
  readonly unknownCells: "plan" | "exclude";
  /** Cells that must be in every reduction that leaves them possible, as partial assignments. */
  readonly keep: readonly KeepEntry[];
  /** The profile that is used when nobody names one. */
  readonly release: ReleaseType;
  readonly profiles: Readonly<Record<ReleaseType, Profile>>;
  readonly build: BuildSpec;
  readonly test: TestSpec;
  /** Commands on the source: linters, type checkers. One job each. */
  readonly checks: readonly CommandSpec[];
  /** Commands on every distinct wheel: vulnerability scanners, `twine check`. One job for each wheel. */
  readonly scans: readonly CommandSpec[];
  readonly bench: BenchSpec | null;
  readonly profile: ProfileSpec | null;
  readonly retry: RetrySpec;
  /** What the file says of gates, as it stands there: package gate reads it. null: nothing. */
  readonly gates: YamlValue | null;
  readonly waivers: YamlValue | null;
  /** How many jobs of a run may run at a time; null: as many as the farm allows. */
  readonly maxParallel: number | null;
}

/** Names of the axes that Kiln knows things about, in the order of cell names. */
export const KNOWN_AXES = ["python", "torch", "cuda", "os", "gpu", "driver"] as const;
export type KnownAxis = (typeof KNOWN_AXES)[number];

/** An axis that is null is not in the spec, nor in the cells. */
export interface SpecAxes {
  /**
   * `available`: the platforms of the farm's agents when the run is submitted.
   * Else platforms (`linux-x86_64`) and releases of systems (`ubuntu-22.04`,
   * `ubuntu-22.04-aarch64`, `macos-14-arm64`, `windows-11`): see `osTarget`.
   */
  readonly os: "available" | readonly string[];
  readonly python: PythonAxis;
  readonly torch: TorchAxis | null;
  /** `cpu`, a CUDA feature version "12.1", or "rocm6.0"; as `cudaValue` normalises them. */
  readonly cuda: readonly string[] | null;
  /** `none`, a model of gpus.json ("H100") or a compute capability ("9.0"); as `gpuValue` normalises them. */
  readonly gpu: readonly string[] | null;
  /** NVIDIA driver versions: "535.104.05", or a branch, "535". */
  readonly driver: readonly string[] | null;
  /** The user's own, in the order of their names. Names and values match [A-Za-z0-9][A-Za-z0-9._+-]*. */
  readonly own: readonly OwnAxis[];
}

export interface OwnAxis {
  readonly name: string;
  readonly values: readonly string[];
}

export type PythonAxis =
  /** Every CPython that an agent of the cell's platform has. */
  | { readonly kind: "available" }
  /** Feature versions, "3.12" or "3.13t", in the order written. */
  | { readonly kind: "versions"; readonly versions: readonly string[] }
  /**
   * Every CPython that Kiln knows and that this PEP 440 specifier set admits.
   * A specifier cannot speak of free-threaded builds: they are taken by name only.
   */
  | { readonly kind: "specifier"; readonly specifier: string };

export type TorchAxis =
  /**
   * Each is a release ("2.1.2"), a feature version ("2.1": its newest patch release),
   * `latest`, or `latest-N`: the newest patch release of the Nth feature version before the newest.
   */
  | { readonly kind: "versions"; readonly versions: readonly string[] }
  /** The newest patch release of every feature version that this PEP 440 specifier set admits. */
  | { readonly kind: "specifier"; readonly specifier: string };

/** Axis name → value, as the axis itself would be written and normalised ("2.1" for torch stays "2.1" here). */
export type Assignment = Readonly<Record<string, string>>;

/**
 * All of it must hold. For an axis with versions (python, torch, cuda, driver) a
 * test is a PEP 440 specifier set (`cpu`, `rocm…` and a missing axis never satisfy one);
 * for every axis it can be a list of values, any of which holds.
 */
export type Condition = Readonly<Record<string, ConditionTest>>;
export type ConditionTest =
  | { readonly kind: "any-of"; readonly values: readonly string[] }
  | { readonly kind: "specifier"; readonly specifier: string };

interface EntryBase {
  readonly values: Assignment;
  readonly when: Condition | null;
  readonly place: SpecPlace;
}

/** GitHub's `include`; with `when` it only extends combinations for which that holds, and never adds one. */
export type IncludeEntry = EntryBase;

/** GitHub's `exclude`: a combination that has all `values` and satisfies `when` is left out. */
export interface ExcludeEntry extends EntryBase {
  /** Why, in the user's words; empty when not given. */
  readonly reason: string;
}

/** In cells that match, the named rules (all, when empty) are not asked. */
export interface OverrideEntry extends EntryBase {
  readonly rules: readonly string[];
  /** Why, in the user's words; required. */
  readonly reason: string;
}

export type KeepEntry = EntryBase;

export const RELEASE_TYPES = ["patch", "minor", "major", "hotfix"] as const;
export type ReleaseType = (typeof RELEASE_TYPES)[number];

/** What a release of a type has to pass. */
export interface Profile {
  readonly reduce: Reduction;
  /** Kinds of jobs beside build and test, which are always planned. */
  readonly jobs: readonly ("check" | "scan" | "bench" | "profile")[];
  /** What differs from the spec's own `gates`; null: nothing. */
  readonly gates: YamlValue | null;
}

export type Reduction =
  | { readonly kind: "full" }
  /** Every possible combination of `strength` axis values is in at least one cell. */
  | { readonly kind: "t-wise"; readonly strength: 2 | 3 }
  /** Only the touchstone cells, and those of `keep`. */
  | { readonly kind: "touchstone" };

export interface JobLimits {
  /** Wall-clock time for the whole job. */
  readonly timeoutMs: number;
  /** Bytes of captured output; a job that writes more ends as out-of-resources. */
  readonly logBytesMax: number;
}

/** What Linux jobs ask of the container that they run in. */
export interface ContainerSpec {
  /** An OCI reference, "debian:12" or "name@sha256:…"; null: the image that the agent's owner has set. */
  readonly image: string | null;
  /** `open`: commands may use the network too, not only what installs something. */
  readonly network: "none" | "open";
}

/** What a kind of job asks of the agents that run it, beside what its cell needs. */
export interface AgentsSpec {
  /** Labels that the agents' owners gave them, by key in order: that value, or any where it is null. */
  readonly labels: Readonly<Record<string, string | null>>;
  /** GPUs that the job has to itself, in cells that need one: 1 … 16. */
  readonly gpus: number;
  /** Of each of them; null: any. */
  readonly gpuMemoryBytes: number | null;
}

/** A secret that commands of a job find in the variable of this name. What its value is, the spec does not say. */
export interface SecretRef {
  readonly name: string;
  /** Where it stands: `test.secrets[0]`. */
  readonly path: string;
  readonly place: SpecPlace;
}

export interface BuildSpec {
  readonly env: Readonly<Record<string, string>>;
  readonly secrets: readonly SecretRef[];
  /** null, here and below: nothing is asked. */
  readonly container: ContainerSpec | null;
  /** null, here and below: nothing is asked. */
  readonly agents: AgentsSpec | null;
  /** PEP 517 config_settings. */
  readonly configSettings: Readonly<Record<string, string>>;
  /** What runs the build: `pip wheel`, or cibuildwheel for the one Python of a job. */
  readonly frontend: "pip" | "cibuildwheel";
  /** `check`: each wheel is built a second time, and what comes out is compared; that takes twice the time. */
  readonly reproducible: "unchecked" | "check";
  /** Which wheels there are; a cell gets the first whose `when` holds. Never empty, the last has no `when`. */
  readonly wheels: readonly WheelSpec[];
  readonly limits: JobLimits;
}

/** One kind of wheel that the project makes: what it depends on decides which cells share it. */
export interface WheelSpec {
  /** For names of jobs; empty for a spec that does not list its wheels. */
  readonly name: string;
  readonly when: Condition | null;
  readonly kind:
    /** One for each CPython, platform, and linked torch and CUDA. */
    | { readonly kind: "native" }
    /** PEP 384: one for all CPythons from this feature version on, per platform and what is linked. Not for free-threaded builds. */
    | { readonly kind: "abi3"; readonly python: string }
    /** `py3-none-any`: one for everything. */
    | { readonly kind: "pure" };
  /** Whether the wheel is linked against the cell's torch; `stable`: against torch's stable ABI, so that one serves all later torch versions. */
  readonly torch: "linked" | "stable" | "none";
  /** Whether it holds code for the cell's CUDA. */
  readonly cuda: "linked" | "none";
  /** TORCH_CUDA_ARCH_LIST: "8.0", "9.0+PTX". Empty: what the project's build does by itself. */
  readonly archList: readonly string[];
  /** PEP 600 policy for Linux, `manylinux_2_28`; null: what the repair finds. */
  readonly policy: string | null;
  /**
   * How wheels of one version that differ by torch and CUDA alone are told apart:
   * by a PEP 440 local version made of what differs (`cu118`, `cu118torch2.1`), or by their index alone.
   */
  readonly localVersion: "auto" | "none";
}

export interface TestSpec {
  readonly env: Readonly<Record<string, string>>;
  readonly secrets: readonly SecretRef[];
  readonly extras: readonly string[];
  /** Requirements (PEP 508) installed beside the wheel. */
  readonly requires: readonly string[];
  /** The package's own test, or null: import every top-level name of the wheel. */
  readonly command: string | null;
  /** Paths of the source that the command needs, relative to its root. */
  readonly files: readonly string[];
  /** Whether tests in cells with CUDA need a GPU whose driver runs it. */
  readonly gpu: "required" | "none";
  /** How often tests that failed are run again, to tell those that pass then: 0 … 5. */
  readonly repeatFailed: number;
  readonly container: ContainerSpec | null;
  readonly agents: AgentsSpec | null;
  readonly limits: JobLimits;
}

export interface CommandSpec {
  /** [a-z0-9][a-z0-9-]*, unique in its list. */
  readonly name: string;
  readonly command: string;
  readonly requires: readonly string[];
  readonly files: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly secrets: readonly SecretRef[];
  readonly container: ContainerSpec | null;
  readonly agents: AgentsSpec | null;
  readonly limits: JobLimits;
}

/** What benchmarks and kernel profiles share: a job for every cell that `when` admits and that can run them. */
export interface MeasureSpec {
  readonly when: Condition | null;
  readonly command: string;
  readonly requires: readonly string[];
  readonly files: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly secrets: readonly SecretRef[];
  readonly container: ContainerSpec | null;
  readonly agents: AgentsSpec | null;
  readonly limits: JobLimits;
}

/** How a benchmark tool writes its results. */
export const BENCH_FORMATS = [
  "kiln",
  "pytest-benchmark",
  "google-benchmark",
  "nvbench",
  "asv",
  "pyperf",
  "hyperfine",
  "pytorch-hud",
  "csv",
] as const;
export type BenchFormat = (typeof BENCH_FORMATS)[number];

/** Benchmarks, measured beside those of a baseline in the same lease. */
export interface BenchSpec extends MeasureSpec {
  readonly format: BenchFormat;
  /** Names of the files that the command writes into KILN_RESULTS; * stands for any characters. */
  readonly results: string;
  /** Units and directions of values whose files do not hold them, by name. */
  readonly metrics: Readonly<Record<string, MetricSpec>>;
  /** Of `format: csv`: the columns that together name a benchmark, and those that tell its rows apart. */
  readonly columns: { readonly benchmark: readonly string[]; readonly params: readonly string[] } | null;
  readonly baseline: BaselineSpec;
  /** What its time depends on; null: the GPU in cells that have one, else the host. */
  readonly boundBy: "gpu" | "host" | "both" | null;
}

export interface MetricSpec {
  /** As people write it: `ms`, `GB/s`. */
  readonly unit: string;
  readonly better: "lower" | "higher";
}

export type BaselineSpec =
  /** The highest version below the candidate's of which the farm has a run that passed. */
  | { readonly kind: "last-release" }
  /** The newest release below the candidate that the package index has for the cell. */
  | { readonly kind: "index" }
  /** PEP 440; of the farm, else of the package index. */
  | { readonly kind: "version"; readonly version: string }
  /** 7 to 40 digits of a git commit's hash, lower case: what a run of the farm built of it. */
  | { readonly kind: "commit"; readonly commit: string }
  | { readonly kind: "none" };

/** Kernel profiles by Nsight Compute. */
export interface ProfileSpec extends MeasureSpec {
  /** Regular expression that a kernel's name has to match as a whole; null: every kernel. */
  readonly kernels: string | null;
  /** Launches of each kernel and launch configuration that are passed over, and taken. */
  readonly launchSkip: number;
  readonly launchCount: number;
}

export interface RetrySpec {
  /** Attempts beyond the first that a job may lose to infrastructure or lost agents, 0 … 10. */
  readonly infrastructure: number;
}

/** Where a person wrote what a plan may have to complain about; null for what the file does not say. */
export interface SpecPlaces {
  readonly file: string;
  readonly version: SpecPlace | null;
  /** Of each axis that the file has, by name. */
  readonly axes: Readonly<Record<string, SpecPlace>>;
}

export type { SpecPlace };

/** One mistake in a person's file. */
export interface SpecProblem {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
  /** Where in the document, for example `test.timeout`. */
  readonly path: string;
  /** What is wrong. */
  readonly message: string;
  /** What to write instead; empty when there is nothing to suggest. */
  readonly suggestion: string;
}
