import { compareNumbers } from "./number-order.ts";

/**
 * How a GPU runs code that was compiled for a list of compute capabilities (CUDA
 * C++ Programming Guide, "Binary Compatibility" and "PTX Compatibility"):
 * machine code runs on the same major version from its minor version on, not
 * between Tegra (Jetson) and other GPUs; PTX is compiled by the driver for any
 * capability from its own on.
 */
export type Execution =
  | { readonly kind: "machine-code"; readonly arch: string }
  | { readonly kind: "ptx"; readonly arch: string }
  | { readonly kind: "none" };

/** Systems on a chip: their machine code and that of other GPUs do not mix, nor among each other. */
const TEGRA = new Set(["5.3", "6.2", "7.2", "8.7", "10.1", "11.0"]);

/** CUDA 13.0 calls 11.0 what CUDA 12.8 and 12.9 call 10.1 (conda-forge, cuda130 migration). */
const RENAMED = new Map([
  ["11.0", "10.1"],
  ["10.1", "11.0"],
]);

/** The other name of a capability, or null. */
export function otherName(capability: string): string | null {
  return RENAMED.get(capability) ?? null;
}

/** `archs` as TORCH_CUDA_ARCH_LIST writes them: "9.0", "12.0+PTX". */
export function execution(archs: readonly string[], capability: string): Execution {
  const machine = archs.map((arch) => arch.replace("+PTX", "")).filter((arch) => runsMachineCode(arch, capability));
  const best = newest(machine);
  if (best !== null) return { kind: "machine-code", arch: best };
  const ptx = archs.filter((arch) => arch.endsWith("+PTX")).map((arch) => arch.replace("+PTX", ""));
  const forward = newest(ptx.filter((arch) => compareNumbers(arch, capability) <= 0));
  return forward === null ? { kind: "none" } : { kind: "ptx", arch: forward };
}

function runsMachineCode(arch: string, capability: string): boolean {
  if (arch === capability || otherName(arch) === capability) return true;
  if (TEGRA.has(arch) || TEGRA.has(capability)) return false;
  return arch.split(".")[0] === capability.split(".")[0] && compareNumbers(arch, capability) <= 0;
}

function newest(archs: readonly string[]): string | null {
  return archs.toSorted(compareNumbers).at(-1) ?? null;
}
