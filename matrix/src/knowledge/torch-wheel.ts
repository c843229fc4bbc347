import { compareCuda, cudaWords } from "../known/cuda-value.ts";
import { platformOf } from "../known/os-target.ts";
import type { Knowledge } from "./knowledge.ts";
import { listOf } from "./number-order.ts";
import type { Answer, Rule } from "./judge.ts";
import { askLists, citeData, type TorchCell } from "./torch-cell.ts";
import { askDeclarations, lastOn } from "./torch-declared.ts";
import { sortPythons, type TorchWheel, type WheelIndex } from "./torch-wheel-list.ts";

/**
 * Whether PyTorch publishes a wheel for the cell: by the lists of its wheels, cell
 * by cell; where no list covers the cell, by what the release is declared to be
 * built for (see `askDeclarations`).
 */
export function torchWheelRule(knowledge: Knowledge): Rule {
  const rule = "torch-wheel";
  return {
    name: rule,
    axes: ["torch", "cuda", "python", "os"],
    judge: ({ torch, cuda, python, os }): Answer => {
      if (torch === undefined) return null;
      const release = knowledge.torchByVersion.get(torch);
      if (!release) {
        const reason = `Kiln's data, of ${knowledge.version}, has no torch ${torch}`;
        return { answer: "unknown", rule, reason, ...citeData(knowledge) };
      }
      const cell = { platform: platformOf(os), cuda: cuda ?? null, python };
      const listed = askLists(release, cell);
      switch (listed.kind) {
        case "listed":
          return { answer: "possible", rule, reason: hasWheel(torch, listed.wheel, cell), ...listed.citation };
        case "not-listed":
          return {
            answer: "impossible",
            rule,
            reason: hasNoWheel(knowledge, torch, listed.wheels, cell),
            ...listed.citation,
          };
        case "silent": {
          const { answer, reason, citation } = askDeclarations(knowledge, release, cell);
          return { answer, rule, reason, ...citation };
        }
      }
    },
  };
}

function hasWheel(torch: string, wheel: TorchWheel, { platform, python }: TorchCell): string {
  const build = wheel.variant === "" ? "" : ` ${withWords(wheel.variant)}`;
  const flavour = wheel.flavour === "" ? "" : `, as the build "${wheel.flavour}" only`;
  return `torch ${torch} has a wheel for CPython ${python}${build} on ${platform} (${wheel.tag})${flavour}`;
}

/** Names what is missing by what there is: nothing for the platform, not this variant, or not this Python. */
function hasNoWheel(knowledge: Knowledge, torch: string, wheels: WheelIndex, cell: TorchCell): string {
  const { platform, cuda, python } = cell;
  const variants = wheels.get(platform);
  if (!variants) {
    const last = platform.startsWith("macos-") ? lastOn(knowledge, platform)?.last.version : undefined;
    return `torch ${torch} has no wheel for ${platform}${last === undefined ? "" : `: torch ${last} is the last that has one`}`;
  }
  if (cuda === null) {
    const pythons = sortPythons([...variants.values()].flatMap((byPython) => [...byPython.keys()]));
    return `torch ${torch} has no wheel for CPython ${python} on ${platform}, only for CPython ${listOf(pythons)}`;
  }
  const pythons = variants.get(cuda);
  if (!pythons) {
    const others = [...variants.keys()].filter((variant) => variant !== "xpu").toSorted(compareCuda);
    return `torch ${torch} has no wheel for ${cudaWords(cuda)} on ${platform}, only for ${listOf(others.map(cudaWords))}`;
  }
  const served = listOf(sortPythons(pythons.keys()));
  return `torch ${torch} has no wheel for CPython ${python} ${withWords(cuda)} on ${platform}, only for CPython ${served}`;
}

function withWords(variant: string): string {
  return `${variant === "cpu" ? "for" : "with"} ${cudaWords(variant)}`;
}
