import { isCudaVersion } from "../known/cuda-value.ts";
import { platformOf } from "../known/os-target.ts";
import { driverLevel } from "./driver-level.ts";
import type { Knowledge } from "./knowledge.ts";
import type { Answer, Rule } from "./judge.ts";

/** Whether the driver runs the CUDA, and at which of NVIDIA's two levels: see `driverLevel`. */
export function driverCudaRule(knowledge: Knowledge): Rule {
  const rule = "driver-cuda";
  return {
    name: rule,
    axes: ["driver", "cuda", "os"],
    judge: ({ driver, cuda, os }): Answer => {
      if (driver === undefined || cuda === undefined || !isCudaVersion(cuda)) return null;
      const platform = platformOf(os);
      if (platform.startsWith("macos-")) return null;
      const found = driverLevel(knowledge, driver, cuda, os);
      const system = platform.startsWith("windows-") ? "Windows" : "Linux";
      const named = driver.includes(".") ? `driver ${driver}` : `the newest driver of branch ${driver}`;
      switch (found.level) {
        case "all":
          return {
            answer: "possible",
            rule,
            reason: `${named} runs all of CUDA ${cuda} on ${system}: that comes with driver ${found.own}`,
            ...found.citation,
          };
        case "minor-version":
          return {
            answer: "possible",
            rule,
            reason: `${named} runs CUDA ${cuda} on ${system} by minor version compatibility, from driver ${found.oldest} on, without compiling PTX for newer GPUs and without features of newer drivers${found.own === null ? "" : `, which need driver ${found.own}`}`,
            ...found.citation,
          };
        case "none":
          return {
            answer: "impossible",
            rule,
            reason: `${named} does not run CUDA ${cuda} on ${system}, which needs driver ${found.oldest} at least`,
            ...found.citation,
          };
        case "unknown":
          return {
            answer: "unknown",
            rule,
            reason: `Kiln's data, of ${knowledge.version}, does not say which drivers run CUDA ${cuda} on ${system}`,
            source: "matrix/data/cuda-toolkits.json",
            asOf: knowledge.version,
          };
      }
    },
  };
}
