export interface CudaToolkit {
  /** "12.1.105", as nvcc says. */
  readonly version: string;
  /** The folder that holds bin/nvcc. */
  readonly path: string;
}

/** "12.1.105" of `nvcc --version`; null for anything else. */
export function parseNvccVersion(output: string): string | null {
  return /\bV(\d+\.\d+\.\d+)\b/.exec(output)?.[1] ?? null;
}
