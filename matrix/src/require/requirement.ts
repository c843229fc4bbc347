import type { JobKind } from "../plan/job-kind.ts";

/** What a job needs of the agent that runs it. Jobs with equal requirements share one object. */
export interface Requirement {
  readonly kind: JobKind;
  /** Platform of wheels: `linux-x86_64`. */
  readonly platform: string;
  /** The release of a system, `ubuntu-22.04`; null: any of the platform. */
  readonly os: string | null;
  /** CPython feature version: "3.12" or "3.13t". */
  readonly python: string;
  /** Whether a PyTorch has to be installed into the job's environment. */
  readonly torch: boolean;
  /** CUDA toolkit to compile with, a feature version "12.1"; null: none. */
  readonly cudaToolkit: string | null;
  readonly gpu: GpuRequirement | null;
  /** Whether the job names an image, so that it has to run in a container. */
  readonly container: boolean;
  /** The owner's labels that an agent must have, by key: that value, or any where it is null. Absent: none is asked. */
  readonly labels?: Labels;
}

export type Labels = Readonly<Record<string, string | null>>;

export interface GpuRequirement {
  /** "9.0"; null: any. */
  readonly computeCapability: string | null;
  /** As gpus.json names it: "H100"; null: any. */
  readonly model: string | null;
  /** CUDA feature version that the driver must run: "12.1"; null: any. */
  readonly cuda: string | null;
  /** "535.104.05", or a branch, "535"; null: any that runs the CUDA. */
  readonly driver: string | null;
  /** Of each; absent: any. */
  readonly memoryBytes?: number;
  /** How many the job has to itself; absent: 1. */
  readonly count?: number;
}

/** What an agent has, as far as plans and the scheduler ask. */
export interface AgentCapabilities {
  readonly name: string;
  readonly kinds: readonly JobKind[];
  /** `debian-12`, `macos-14`, `windows-11`; empty when not known. */
  readonly os: string;
  /** One for each CPython, with the platform of its wheels. */
  readonly pythons: readonly { readonly platform: string; readonly feature: string }[];
  readonly installsTorch: boolean;
  /** Feature versions of the CUDA toolkits that it can compile with. */
  readonly cudaToolkits: readonly string[];
  readonly gpus: readonly AgentGpu[];
  /** Whether it runs jobs in containers. */
  readonly containers: boolean;
  /** Its owner's labels. */
  readonly labels: Readonly<Record<string, string>>;
}

/** A GPU, or one MIG slice of it, that a job can have to itself. */
export interface AgentGpu {
  /** "GPU-…" or "MIG-…" */
  readonly uuid: string;
  readonly model: string;
  readonly computeCapability: string;
  readonly driver: string;
  readonly memoryBytes: number;
}
