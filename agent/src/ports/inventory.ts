import type { Interpreter } from "../domain/interpreter.ts";
import type { CudaToolkit } from "../domain/cuda-toolkit.ts";
import type { Gpu } from "../domain/gpu/gpu.ts";

/** Something that was looked for and is there, but cannot be used. */
export interface InventoryProblem {
  /** What, for example "/usr/bin/python3.11". */
  readonly subject: string;
  /** Why, and what to do. */
  readonly message: string;
}

/** What this machine has. */
export interface Inventory {
  /** "linux", "macos" or "windows". */
  readonly os: string;
  /** "x86_64", "arm64" (macOS), "aarch64" (Linux). */
  readonly arch: string;
  readonly osTitle: string;
  /** As the matrix names it: "debian-12", "macos-14", "windows-11"; empty when it cannot be told. */
  readonly osRelease: string;
  /** "glibc 2.36", "musl 1.2.4"; empty where there is none. */
  readonly libc: string;
  readonly kernel: string;
  readonly cpuModel: string;
  readonly cpuCores: number;
  readonly memoryBytes: number;
  /** Where jobs run. */
  readonly diskFreeBytes: number;
  readonly gpus: readonly Gpu[];
  readonly cudaToolkits: readonly CudaToolkit[];
  readonly pythons: readonly Interpreter[];
  /** CPythons that are older than what is supported, and so not listed. */
  readonly olderPythons: number;
  /** Agents of equal id share this machine and its GPUs; empty: it cannot be told. */
  readonly hostId: string;
  readonly problems: readonly InventoryProblem[];
}
