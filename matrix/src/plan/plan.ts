import type { Requirement } from "../require/requirement.ts";
import type { BaselineSpec, BenchFormat, BenchSpec, JobLimits, ReleaseType, Reduction } from "../spec/spec.ts";

/** What the source says of itself. */
export interface Candidate {
  readonly name: string;
  /** null when only the built wheel can tell. */
  readonly version: string | null;
  readonly requiresPython: string | null;
  /** Requires-Dist: dependencies (PEP 508) as the source states them; null when only a build can tell. */
  readonly requiresDist: readonly string[] | null;
  /** The file these were read from, for example `PKG-INFO`. */
  readonly factsFrom: string;
}

/** What the farm's agents have: one entry per platform and CPython. */
export interface FarmPython {
  /** `linux-x86_64`, `macos-arm64`, `windows-x86_64` … */
  readonly platform: string;
  /** Feature version, "3.12" or "3.13t". */
  readonly feature: string;
}

/**
 * Values of the axes, exact: torch is a release ("2.1.2"), cuda "cpu", "12.1" or
 * "rocm6.0". Only os and python are always there; an include may add further keys.
 */
export interface CellAxes {
  readonly os: string;
  readonly python: string;
  readonly [axis: string]: string;
}

/** One combination of the axes, named for people: `cp312-linux-x86_64`, `cp310-torch2.1.2-cu118-ubuntu-22.04`. */
export interface Cell {
  readonly name: string;
  readonly axes: CellAxes;
}

/** What a rule says against a cell, or why it cannot say anything. */
export interface Reason {
  /** Short name of the rule, for example `requires-python`. */
  readonly rule: string;
  /** A sentence. */
  readonly reason: string;
  /** The document that says so. */
  readonly source: string;
  /** Date of that document or of its reading, 2026-08-22; empty for what was read just now. */
  readonly asOf: string;
}

export interface PlannedCell extends Cell {
  /** Its jobs go first: a mistake that breaks everything shows here. */
  readonly touchstone: boolean;
  /** What could not be told; empty when every rule says that the cell is possible. */
  readonly unknown: readonly Reason[];
  /** What the rules said against it and a user's override set aside, with the user's reason. */
  readonly overridden: readonly (Reason & { readonly override: string })[];
}

/** The first rule that excludes it. */
export interface ExcludedCell extends Cell, Reason {}

/** Possible, and left out because other cells stand for it. */
export interface ReducedCell extends Cell {
  /** The planned cell that has the most axis values in common with it. */
  readonly coveredBy: string;
}

/** One axis of the plan, with the keys and values that only an `include` brings. */
export interface PlanAxis {
  readonly name: string;
  /** Exact values, in the order of plans: oldest first, `cpu` before CUDA before ROCm. */
  readonly values: readonly string[];
  /**
   * What stands in the spec for those that it does not name exactly: "latest" → "2.14.0".
   * What stands for several has them all: ">=2.1,<2.3" → "2.1.2, 2.2.2", "available" → "3.11, 3.12".
   */
  readonly resolved: Readonly<Record<string, string>>;
}

interface PlannedJobBase {
  /** Unique in the plan: `build-cp312-linux-x86_64`. */
  readonly name: string;
  /**
   * The cell it runs in. A build can serve many (those whose jobs need it): this is the one of them whose Python,
   * PyTorch and platform it is made with, the first unless the oldest is called for.
   */
  readonly cell: string;
  /** Equal inputs have the same key: a lower-case hexadecimal digest. */
  readonly key: string;
  /** Names of the jobs that must pass first. */
  readonly needs: readonly string[];
  /** What an agent must have. */
  readonly requirement: Requirement;
  /** Belongs to a touchstone cell: scheduled first. */
  readonly touchstone: boolean;
  readonly env: Readonly<Record<string, string>>;
  /** Names of secrets that its own commands find in variables of these names; sorted. */
  readonly secrets: readonly string[];
  readonly limits: JobLimits;
  /** null: nothing is asked of the container, where the agent runs it in one. */
  readonly container: PlannedContainer | null;
}

/** What a Linux job asks of the container that it runs in. */
export interface PlannedContainer {
  /** An OCI reference; null: what the agent's owner has set, for the policy or for all jobs. */
  readonly image: string | null;
  /** The policy of the wheel to build, `manylinux_2_28`; null for jobs that build none, or one without a policy. */
  readonly manylinux: string | null;
  /** Of its own commands; steps that install something have one. */
  readonly network: "none" | "open";
}

export interface PlannedBuild extends PlannedJobBase {
  readonly kind: "build";
  readonly configSettings: Readonly<Record<string, string>>;
  readonly frontend: "pip" | "cibuildwheel";
  /** It is built a second time, and what comes out is compared. */
  readonly checkReproducible: boolean;
  readonly wheel: PlannedWheel;
}

/** What the build has to make. */
export interface PlannedWheel {
  readonly kind: "native" | "abi3" | "pure";
  /** The PyTorch that is installed before the build, which then runs without isolation; null: a build with isolation. */
  readonly torch: { readonly version: string; readonly variant: string } | null;
  /**
   * The index it is staged on: `cpu`, `cu118`, `rocm6.0`, as all cells that it serves say; null, on every index,
   * when they say different ones or none.
   */
  readonly index: string | null;
  /** PEP 440 local version that tells it from wheels of the same file name: `cu118torch2.1`; null for none. */
  readonly localVersion: string | null;
  /** `_GLIBCXX_USE_CXX11_ABI` of that torch: "0" or "1"; null when it does not matter or nobody knows. */
  readonly cxx11Abi: "0" | "1" | null;
  readonly archList: readonly string[];
  readonly policy: string | null;
}

export interface PlannedTest extends PlannedJobBase {
  readonly kind: "test";
  /** Name of the build job whose wheel is tested. */
  readonly wheelOf: string;
  /** The PyTorch of the cell, installed beside the wheel; null without such an axis. */
  readonly torch: { readonly version: string; readonly variant: string } | null;
  readonly extras: readonly string[];
  readonly requires: readonly string[];
  /** null: import every top-level name of the wheel. */
  readonly command: string | null;
  readonly files: readonly string[];
  /** How often tests that failed are run again: 0 … 5. */
  readonly repeatFailed: number;
}

/** A command on the source; no wheel. */
export interface PlannedCheck extends PlannedJobBase {
  readonly kind: "check";
  readonly requires: readonly string[];
  readonly command: string;
  readonly files: readonly string[];
}

/** A command on one wheel, whose path it finds in KILN_WHEEL. */
export interface PlannedScan extends PlannedJobBase {
  readonly kind: "scan";
  readonly wheelOf: string;
  readonly requires: readonly string[];
  readonly command: string;
  readonly files: readonly string[];
}

interface PlannedMeasure extends PlannedJobBase {
  readonly wheelOf: string;
  readonly torch: { readonly version: string; readonly variant: string } | null;
  readonly requires: readonly string[];
  readonly command: string;
  readonly files: readonly string[];
}

export interface PlannedBench extends PlannedMeasure {
  readonly kind: "bench";
  readonly format: BenchFormat;
  /** Names of the files with its results; * stands for any characters. */
  readonly results: string;
  readonly metrics: BenchSpec["metrics"];
  readonly columns: BenchSpec["columns"];
  /** `itself`: the very files that are measured, which tells how often the gate is wrong; no spec asks for it. */
  readonly baseline: BaselineSpec | { readonly kind: "itself" };
  readonly boundBy: "gpu" | "host" | "both";
}

export interface PlannedProfile extends PlannedMeasure {
  readonly kind: "profile";
  /** Regular expression that a kernel's name has to match as a whole; null: every kernel. */
  readonly kernels: string | null;
  readonly launchSkip: number;
  readonly launchCount: number;
}

export type PlannedJob = PlannedBuild | PlannedTest | PlannedCheck | PlannedScan | PlannedBench | PlannedProfile;

export interface Plan {
  readonly candidate: { readonly name: string; readonly version: string | null };
  readonly release: ReleaseType;
  readonly reduction: Reduction;
  /** In the order of cell names. */
  readonly axes: readonly PlanAxis[];
  /** Touchstones first, then in the order of the axes' values. */
  readonly cells: readonly PlannedCell[];
  readonly excluded: readonly ExcludedCell[];
  readonly reduced: readonly ReducedCell[];
  /** In an order where every job comes after what it needs. */
  readonly jobs: readonly PlannedJob[];
  /** Test jobs share builds: how many builds there would be if each had its own. */
  readonly buildsBeforeFolding: number;
  /** Attempts beyond the first that a job may lose to infrastructure. */
  readonly infrastructureRetries: number;
  /** How many of its jobs run at a time; absent: as many as the farm allows. */
  readonly maxParallel?: number;
  /** Version of the compatibility data that was asked: a date. */
  readonly dataVersion: string;
}
