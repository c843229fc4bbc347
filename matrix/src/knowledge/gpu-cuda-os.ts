import { platformOf } from "../known/os-target.ts";
import { gpuFacts } from "./cell-facts.ts";
import type { Knowledge } from "./knowledge.ts";
import type { Answer, Rule } from "./judge.ts";

/** NVIDIA's GPUs and drivers on macOS: there are none for any macOS that plans have. */
export function gpuCudaOsRule(knowledge: Knowledge): Rule {
  const rule = "gpu-cuda-os";
  const noDriver = {
    source: "NVIDIA CUDA Toolkit 10.2 Release Notes: the last release, with its driver, that supports macOS",
    asOf: "2019-11",
  };
  return {
    name: rule,
    axes: ["gpu", "driver", "os"],
    judge: ({ gpu, driver, os }): Answer => {
      const wanted = gpu !== undefined && gpu !== "none" ? gpu : null;
      if (wanted === null && driver === undefined) return null;
      if (!platformOf(os).startsWith("macos-")) return null;
      const what = wanted === null ? `NVIDIA driver ${driver}` : describeGpu(knowledge, wanted);
      const reason = `${what} does not run on macOS: NVIDIA has no driver for macOS 11 and later`;
      return { answer: "impossible", rule, reason, ...noDriver };
    },
  };
}

/** "H100 (compute capability 9.0)", "compute capability 9.0". */
export function describeGpu(knowledge: Knowledge, gpu: string): string {
  const facts = gpuFacts(knowledge, gpu);
  if (facts === null) return gpu;
  const capability = `compute capability ${facts.computeCapability}`;
  return facts.model === null ? capability : `${facts.model} (${capability})`;
}
