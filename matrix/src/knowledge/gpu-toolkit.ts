import { isCudaVersion } from "../known/cuda-value.ts";
import { execution, otherName } from "./binary-compatibility.ts";
import { gpuFacts } from "./cell-facts.ts";
import { describeGpu } from "./gpu-cuda-os.ts";
import type { Knowledge } from "./knowledge.ts";
import type { Answer, Rule } from "./judge.ts";

/** Whether the toolkit compiles code that the GPU runs, by the list of compute capabilities that nvcc knows. */
export function gpuToolkitRule(knowledge: Knowledge): Rule {
  const rule = "gpu-toolkit";
  const known = new Set([
    ...knowledge.toolkits.flatMap(({ capabilities }) => capabilities ?? []),
    ...knowledge.gpus.map(({ computeCapability }) => computeCapability),
  ]);
  const unknown = (reason: string): Answer => ({
    answer: "unknown",
    rule,
    reason,
    source: "matrix/data/cuda-toolkits.json",
    asOf: knowledge.version,
  });
  return {
    name: rule,
    axes: ["gpu", "cuda"],
    judge: ({ gpu, cuda }): Answer => {
      if (gpu === undefined || gpu === "none" || cuda === undefined || !isCudaVersion(cuda)) return null;
      const facts = gpuFacts(knowledge, gpu);
      if (facts === null || !known.has(facts.computeCapability)) {
        return unknown(`Kiln's data, of ${knowledge.version}, has no GPU ${gpu}`);
      }
      const { computeCapability } = facts;
      const toolkit = knowledge.toolkitsByFeature.get(cuda)?.findLast(({ capabilities }) => capabilities !== null);
      const citation = toolkit?.citations.get("sm");
      if (!toolkit?.capabilities || !citation) {
        return unknown(
          `Kiln's data, of ${knowledge.version}, does not say which compute capabilities CUDA ${cuda} compiles for`,
        );
      }
      const what = describeGpu(knowledge, gpu);
      const run = execution(toolkit.capabilities, computeCapability);
      if (run.kind === "none") {
        const [oldest, newest] = [toolkit.capabilities[0], toolkit.capabilities.at(-1)];
        const reason = `CUDA ${cuda} does not compile for ${what}, only for compute capabilities from ${oldest} to ${newest}`;
        return { answer: "impossible", rule, reason, ...citation };
      }
      const same = run.arch === computeCapability;
      const renamed = otherName(computeCapability) === run.arch;
      const how = same
        ? ""
        : renamed
          ? `, which it calls ${run.arch}`
          : `, as ${run.arch}, whose machine code runs there`;
      return { answer: "possible", rule, reason: `CUDA ${cuda} compiles for ${what}${how}`, ...citation };
    },
  };
}
