import { cudaVariant } from "../known/cuda-value.ts";

/**
 * One axis's part of a cell's name: `cp312`, `torch2.1.2`, `cu118`, `ubuntu-22.04`,
 * `sm_90`, `driver535.104.05`, `backend=eager`. The parts are joined by `-` in the
 * order of the plan's axes.
 */
export function namePart(axis: string, value: string): string {
  switch (axis) {
    case "python":
      return `cp${value.replace(".", "")}`;
    case "torch":
      return `torch${value}`;
    case "cuda":
      return cudaVariant(value);
    case "os":
      return value;
    case "gpu":
      return gpuPart(value);
    case "driver":
      return `driver${value}`;
    default:
      return `${axis}=${value}`;
  }
}

function gpuPart(value: string): string {
  if (value === "none") return "nogpu";
  return /^\d+\.\d+$/.test(value) ? `sm_${value.replace(".", "")}` : value.replaceAll(" ", "_");
}
