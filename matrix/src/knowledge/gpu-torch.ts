import { isCudaVersion } from "../known/cuda-value.ts";
import { platformOf } from "../known/os-target.ts";
import { execution } from "./binary-compatibility.ts";
import { gpuFacts } from "./cell-facts.ts";
import { describeGpu } from "./gpu-cuda-os.ts";
import type { Knowledge } from "./knowledge.ts";
import type { Answer, Rule } from "./judge.ts";

/** Whether PyTorch's own build runs on the GPU: the list of capabilities belongs to the build, not to the CUDA version. */
export function gpuTorchRule(knowledge: Knowledge): Rule {
  const rule = "gpu-torch";
  return {
    name: rule,
    axes: ["gpu", "torch", "cuda", "os"],
    judge: ({ gpu, torch, cuda, os }): Answer => {
      if (gpu === undefined || gpu === "none" || torch === undefined || cuda === undefined || !isCudaVersion(cuda))
        return null;
      const facts = gpuFacts(knowledge, gpu);
      const release = knowledge.torchByVersion.get(torch);
      const platform = platformOf(os);
      const built = release && [...(release.cuda.get(platform) ?? []), ...release.cudaTargets].includes(cuda);
      // Without such a build or GPU, torch-wheel and gpu-toolkit say so.
      if (facts === null || !release || !built) return null;
      const archs = release.archLists.get(platform)?.get(cuda);
      const citation = release.citations.get("arch-list");
      const name = `torch ${torch} for CUDA ${cuda} on ${platform}`;
      if (!archs || !citation) {
        const reason = `no document that Kiln's data was read from says which GPUs ${name} is compiled for`;
        return {
          answer: "unknown",
          rule,
          reason,
          source: "matrix/data/pytorch-releases.json",
          asOf: knowledge.version,
        };
      }
      const run = execution(archs, facts.computeCapability);
      const what = describeGpu(knowledge, gpu);
      const compiled = `it is compiled for ${archs.join(", ")}`;
      switch (run.kind) {
        case "machine-code":
          return { answer: "possible", rule, reason: `${name} runs on ${what}: ${compiled}`, ...citation };
        case "ptx":
          return {
            answer: "possible",
            rule,
            reason: `${name} runs on ${what} by the driver compiling the PTX of ${run.arch} at first use: ${compiled}`,
            ...citation,
          };
        case "none":
          return { answer: "impossible", rule, reason: `${name} does not run on ${what}: ${compiled}`, ...citation };
      }
    },
  };
}
