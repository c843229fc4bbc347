/** An NVIDIA GPU, as its driver describes it. */
export interface Gpu {
  readonly uuid: string;
  /** "NVIDIA H100 80GB HBM3" */
  readonly model: string;
  /** "9.0" */
  readonly computeCapability: string;
  readonly memoryBytes: number;
  /** "535.104.05" */
  readonly driver: string;
}

export interface CudaToolkit {
  /** "12.1.105", as nvcc says. */
  readonly version: string;
  /** The folder that holds bin/nvcc. */
  readonly path: string;
}

/** Columns of nvidia-smi's query interface (`nvidia-smi --help-query-gpu`), in the order that `parseGpus` reads. */
export const GPU_QUERY = ["uuid", "name", "compute_cap", "memory.total", "driver_version"] as const;

const MIB = 1024 * 1024;

export type ParsedGpus =
  | { readonly ok: true; readonly gpus: readonly Gpu[] }
  /** `message` quotes the line that is not as expected. */
  | { readonly ok: false; readonly message: string };

/** Reads the output of `--query-gpu=… --format=csv,noheader,nounits`: a line per GPU, memory in MiB. */
export function parseGpus(output: string): ParsedGpus {
  const gpus: Gpu[] = [];
  for (const line of output.split(/\r?\n/)) {
    if (line.trim() === "") continue;
    const fields = line.split(",").map((field) => field.trim());
    const [uuid = "", model = "", computeCapability = "", memory = "", driver = ""] = fields;
    const isSound =
      fields.length === GPU_QUERY.length &&
      /^(?:GPU|MIG)-/.test(uuid) &&
      /^\d+\.\d+$/.test(computeCapability) &&
      /^\d+$/.test(memory) &&
      /^\d+(?:\.\d+)+$/.test(driver);
    if (!isSound) return { ok: false, message: `nvidia-smi says ${JSON.stringify(line.trim().slice(0, 200))}` };
    gpus.push({ uuid, model, computeCapability, memoryBytes: Number(memory) * MIB, driver });
  }
  return { ok: true, gpus };
}

/** "12.1.105" of `nvcc --version`; null for anything else. */
export function parseNvccVersion(output: string): string | null {
  return /\bV(\d+\.\d+\.\d+)\b/.exec(output)?.[1] ?? null;
}
