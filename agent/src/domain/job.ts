import type { AttemptRef } from "./attempt-key.ts";

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
}

/** A fresh environment, that exact wheel, then the package's own test. */
export interface TestWork {
  readonly kind: "test";
  readonly wheel: Blob;
  readonly candidate: Candidate;
  readonly extras: readonly string[];
  /** Requirements (PEP 508) installed beside the wheel. */
  readonly requires: readonly string[];
  readonly check: ImportCheck | CommandCheck;
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

export interface Job {
  /** Unique in its run, for example `build-cp312-linux-x86_64`. */
  readonly name: string;
  /** CPython feature version, "3.12" or "3.13t". */
  readonly python: string;
  readonly env: Readonly<Record<string, string>>;
  readonly limits: JobLimits;
  readonly work: BuildWork | TestWork;
}

/** What the coordinator asked for, parsed. */
export interface Assignment {
  readonly ref: AttemptRef;
  readonly job: Job;
}
