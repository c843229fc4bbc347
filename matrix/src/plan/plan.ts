import type { JobLimits } from "../spec/spec.ts";

/** What the source says of itself. */
export interface Candidate {
  readonly name: string;
  /** null when only the built wheel can tell. */
  readonly version: string | null;
  readonly requiresPython: string | null;
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

/** One combination of the axes, named for people: `cp312-linux-x86_64`. */
export interface Cell {
  readonly name: string;
  readonly axes: { readonly os: string; readonly python: string };
}

export interface ExcludedCell extends Cell {
  /** Short name of the rule, for example `requires-python`. */
  readonly rule: string;
  /** A sentence. */
  readonly reason: string;
  /** The document that says so. */
  readonly source: string;
}

interface PlannedJobBase {
  /** Unique in the plan: `build-cp312-linux-x86_64`. */
  readonly name: string;
  readonly cell: string;
  /** Equal inputs have the same key: a lower-case hexadecimal digest. */
  readonly key: string;
  /** Names of the jobs that must pass first. */
  readonly needs: readonly string[];
  readonly platform: string;
  readonly python: string;
  readonly env: Readonly<Record<string, string>>;
  readonly limits: JobLimits;
}

export interface PlannedBuild extends PlannedJobBase {
  readonly kind: "build";
  readonly configSettings: Readonly<Record<string, string>>;
}

export interface PlannedTest extends PlannedJobBase {
  readonly kind: "test";
  /** Name of the build job whose wheel is tested. */
  readonly wheelOf: string;
  readonly extras: readonly string[];
  readonly requires: readonly string[];
  /** null: import every top-level name of the wheel. */
  readonly command: string | null;
  readonly files: readonly string[];
}

export type PlannedJob = PlannedBuild | PlannedTest;

export interface Plan {
  readonly candidate: { readonly name: string; readonly version: string | null };
  readonly cells: readonly Cell[];
  readonly excluded: readonly ExcludedCell[];
  /** In an order where every job comes after what it needs. */
  readonly jobs: readonly PlannedJob[];
  /** Attempts beyond the first that a job may lose to infrastructure. */
  readonly infrastructureRetries: number;
}
