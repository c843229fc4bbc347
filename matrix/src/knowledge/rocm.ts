import { cudaWords } from "../known/cuda-value.ts";
import { platformOf } from "../known/os-target.ts";
import { describeGpu } from "./gpu-cuda-os.ts";
import type { Knowledge } from "./knowledge.ts";
import type { Answer, Rule } from "./judge.ts";

/** What PyTorch's ROCm builds run on: Linux on x86_64, with AMD's GPUs. */
export function rocmRule(knowledge: Knowledge): Rule {
  const rule = "rocm";
  const newestList = knowledge.torchReleases.findLast(({ lists }) => lists.index !== null);
  const lists = newestList?.citations.get("wheels") ?? {
    source: "matrix/data/pytorch-releases.json",
    asOf: knowledge.version,
  };
  return {
    name: rule,
    axes: ["cuda", "gpu", "os"],
    judge: ({ cuda, gpu, os }): Answer => {
      if (cuda === undefined || !cuda.startsWith("rocm")) return null;
      const [words, platform] = [cudaWords(cuda), platformOf(os)];
      if (gpu !== undefined && gpu !== "none") {
        const source = knowledge.gpuByName.get(gpu)?.citation ?? {
          source: "NVIDIA CUDA GPU Compute Capability (developer.nvidia.com/cuda-gpus)",
          asOf: knowledge.version,
        };
        const reason = `${words} runs on GPUs of AMD, and ${describeGpu(knowledge, gpu)} is NVIDIA's`;
        return { answer: "impossible", rule, reason, ...source };
      }
      if (platform.startsWith("macos-")) {
        return {
          answer: "impossible",
          rule,
          reason: `${words} does not exist for macOS: PyTorch's wheels for it are for Linux`,
          ...lists,
        };
      }
      const builds = knowledge.torchReleases.findLast((release) => release.rocm.includes(cuda.slice("rocm".length)));
      if (!builds) {
        const reason = `Kiln's data, of ${knowledge.version}, has no PyTorch for ${words}`;
        return {
          answer: "unknown",
          rule,
          reason,
          source: "matrix/data/pytorch-releases.json",
          asOf: knowledge.version,
        };
      }
      if (platform !== "linux-x86_64") {
        const reason = `every list of PyTorch's wheels that was read has ${words} or other ROCm for linux-x86_64 only; newer builds for ${platform} are in none of them`;
        return { answer: "unknown", rule, reason, ...lists };
      }
      const said = builds.citations.get("wheels") ?? builds.citations.get("builds") ?? lists;
      return { answer: "possible", rule, reason: `PyTorch ${builds.version} is built for ${words} on Linux`, ...said };
    },
  };
}
