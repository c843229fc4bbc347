/** A MIG device as `nvidia-smi -L` lists it. */
export interface ListedSlice {
  /** Of the GPU that it is a part of. */
  readonly gpu: string;
  readonly uuid: string;
  /** "1g.10gb", "1g.10gb+me" */
  readonly profile: string;
  /** Its number on that GPU, by which `nvidia-smi -q -x` knows it. */
  readonly index: number;
}

/**
 * Reads `nvidia-smi -L`, the only place that has the UUIDs of MIG devices
 * ("MIG User Guide", Device Enumeration):
 *
 *     GPU 0: NVIDIA A100-SXM4-80GB (UUID: GPU-…)
 *       MIG 1g.10gb     Device  0: (UUID: MIG-…)
 */
export function parseSlices(output: string): readonly ListedSlice[] {
  const slices: ListedSlice[] = [];
  let gpu = "";
  for (const line of output.split(/\r?\n/)) {
    gpu = /^GPU \d+:.*\(UUID: (GPU-[\w-]+)\)/.exec(line)?.[1] ?? gpu;
    const slice = /^\s+MIG (\S+)\s+Device\s+(\d+): \(UUID: (MIG-[\w/-]+)\)/.exec(line);
    const [, profile = "", index = "", uuid = ""] = slice ?? [];
    if (slice && gpu !== "") slices.push({ gpu, uuid, profile, index: Number(index) });
  }
  return slices;
}
