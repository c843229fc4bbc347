/** A parsed kiln.yaml: every default filled in, every unit normalised. */
export interface Spec {
  readonly axes: SpecAxes;
  readonly build: BuildSpec;
  readonly test: TestSpec;
  readonly retry: RetrySpec;
  /** Version that the candidate must have (PEP 440), or null when the spec does not say. */
  readonly version: string | null;
}

export interface SpecAxes {
  /** `available`: what the farm's agents have when the run is submitted. */
  readonly os: "available" | readonly string[];
  readonly python: PythonAxis;
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

export interface JobLimits {
  /** Wall-clock time for the whole job. */
  readonly timeoutMs: number;
  /** Bytes of captured output; a job that writes more ends as out-of-resources. */
  readonly logBytesMax: number;
}

export interface BuildSpec {
  readonly env: Readonly<Record<string, string>>;
  /** PEP 517 config_settings. */
  readonly configSettings: Readonly<Record<string, string>>;
  readonly limits: JobLimits;
}

export interface TestSpec {
  readonly env: Readonly<Record<string, string>>;
  readonly extras: readonly string[];
  /** Requirements (PEP 508) installed beside the wheel. */
  readonly requires: readonly string[];
  /** The package's own test, or null: import every top-level name of the wheel. */
  readonly command: string | null;
  /** Paths of the source that the command needs, relative to its root. */
  readonly files: readonly string[];
  readonly limits: JobLimits;
}

export interface RetrySpec {
  /** Attempts beyond the first that a job may lose to infrastructure or lost agents, 0 … 10. */
  readonly infrastructure: number;
}

/** Where a person wrote what a plan may have to complain about; null for what the file does not say. */
export interface SpecPlaces {
  readonly file: string;
  readonly version: SpecPlace | null;
  readonly os: SpecPlace | null;
  readonly python: SpecPlace | null;
}

export interface SpecPlace {
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
}

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
