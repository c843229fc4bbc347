import { gpuValue } from "../known/gpu-value.ts";
import type { JobKind } from "../plan/job-kind.ts";
import type { AgentCapabilities } from "./requirement.ts";

/** What an agent says of itself, as the farm's API shows it. */
export interface AgentFacts {
  readonly name: string;
  readonly kinds: readonly JobKind[];
  readonly osRelease: string;
  readonly pythons: readonly { readonly platform: string; readonly feature: string }[];
  readonly installsTorch: boolean;
  readonly gpus: readonly { readonly model: string; readonly computeCapability: string; readonly driver: string }[];
  readonly cudaToolkits: readonly { readonly version: string }[];
  /** How it runs jobs: "host", "docker", "dummy". */
  readonly executors: readonly string[];
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
    gpus: agent.gpus.map(({ model, computeCapability, driver }) => ({
      model: gpuValue(model) ?? model,
      computeCapability,
      driver,
    })),
    containers: agent.executors.includes("docker"),
  };
}
