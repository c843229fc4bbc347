import type { KernelProfile } from "./kernel.ts";

/** What all launches of one kernel, grid and block have of each metric. */
export interface KernelValues {
  readonly metrics: Map<string, { readonly unit: string; readonly values: number[] }>;
  /** `90 ab12…` of its machine code; null when a launch has none. */
  readonly binaries: Set<string | null>;
}

/** Whether a kernel's machine code is the baseline's. */
export type BinaryChange = "unchanged" | "changed" | "unknown";

/** By `gemm(…) (2, 25, 1)×(256, 1, 1)`. O(launches × metrics). */
export function kernelValues(profiles: readonly KernelProfile[]): ReadonlyMap<string, KernelValues> {
  const kernels = new Map<string, KernelValues>();
  for (const { kernel, grid, block, metrics, binary } of profiles) {
    const name = `${kernel} ${grid}×${block}`;
    const known: KernelValues = kernels.get(name) ?? { metrics: new Map(), binaries: new Set() };
    kernels.set(name, known);
    known.binaries.add(binary ? `${binary.architecture} ${binary.sha256}` : null);
    for (const [metric, { value, unit }] of metrics) {
      const values = known.metrics.get(metric);
      if (values) values.values.push(value);
      else known.metrics.set(metric, { unit, values: [value] });
    }
  }
  return kernels;
}

/** Names alone do not tell: templates and lambdas of one name may have several codes. */
export function binaryChange(candidate: KernelValues, baseline: KernelValues): BinaryChange {
  if (candidate.binaries.has(null) || baseline.binaries.has(null)) return "unknown";
  return candidate.binaries.symmetricDifference(baseline.binaries).size === 0 ? "unchanged" : "changed";
}
