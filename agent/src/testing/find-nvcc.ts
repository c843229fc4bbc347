import { execFileSync } from "node:child_process";

/** The compiler of this machine's CUDA toolkit; null without one. */
export function findNvcc(): string | null {
  for (const name of ["nvcc", "/usr/local/cuda/bin/nvcc"]) {
    try {
      execFileSync(name, ["--version"], { stdio: "ignore" });
      return name;
    } catch {
      // Not here.
    }
  }
  return null;
}
