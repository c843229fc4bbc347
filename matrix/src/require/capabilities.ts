import { gpuValue } from "../known/gpu-value.ts";
import type { JobKind } from "../plan/job-kind.ts";
import type { AgentCapabilities, AgentGpu } from "./requirement.ts";

/** What an agent says of itself, as the farm's API shows it. */
export interface AgentFacts {
  readonly name: string;
  readonly kinds: readonly JobKind[];
  readonly osRelease: string;
  readonly pythons: readonly { readonly platform: string; readonly feature: string }[];
  readonly installsTorch: boolean;
  readonly gpus: readonly GpuFacts[];
  readonly cudaToolkits: readonly { readonly version: string }[];
  /** How it runs jobs: "host", "docker", "dummy". */
  readonly executors: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

export interface GpuFacts {
  readonly uuid: string;
  readonly model: string;
  readonly computeCapability: string;
  readonly driver: string;
  readonly memoryBytes: number;
  /** "enabled": jobs get its slices and not the GPU. */
  readonly migMode: string;
  readonly migSlices: readonly { readonly uuid: string; readonly memoryBytes: number }[];
}

/** The same in the matrix's terms: "NVIDIA H100 80GB HBM3" becomes "H100", a toolkit "12.1.105" becomes "12.1". */
export function capabilitiesOf(agent: AgentFacts): AgentCapabilities {
  return {
    name: agent.name,
    kinds: agent.kinds,
    os: agent.osRelease,
    pythons: agent.pythons.map(({ platform, feature }) => ({ platform, feature })),
    installsTorch: agent.installsTorch,
    cudaToolkits: [...new Set(agent.cudaToolkits.map(({ version }) => version.split(".").slice(0, 2).join(".")))],
    gpus: agent.gpus.flatMap(devicesOf),
    containers: agent.executors.includes("docker"),
    labels: agent.labels,
  };
}

/** What of a GPU a job can have to itself: all of it, or with MIG one of its slices. */
function devicesOf({ uuid, model, computeCapability, driver, memoryBytes, migMode, migSlices }: GpuFacts): AgentGpu[] {
  const shared = { model: gpuValue(model) ?? model, computeCapability, driver };
  if (migMode !== "enabled") return [{ uuid, memoryBytes, ...shared }];
  return migSlices.map((slice) => ({ uuid: slice.uuid, memoryBytes: slice.memoryBytes, ...shared }));
}
