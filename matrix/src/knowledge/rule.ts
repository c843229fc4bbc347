import type { Candidate } from "../plan/plan.ts";
import { candidatePinRule } from "./candidate-pin.ts";
import { cudaPlatformRule } from "./cuda-platform.ts";
import { driverCudaRule } from "./driver-cuda.ts";
import { glibcRule } from "./glibc.ts";
import { gpuCudaOsRule } from "./gpu-cuda-os.ts";
import { gpuToolkitRule } from "./gpu-toolkit.ts";
import { gpuTorchRule } from "./gpu-torch.ts";
import type { Rule } from "./judge.ts";
import type { Knowledge } from "./knowledge.ts";
import { macosVersionRule } from "./macos-version.ts";
import { requiresPythonRule } from "./requires-python.ts";
import { rocmRule } from "./rocm.ts";
import { torchWheelRule } from "./torch-wheel.ts";

export type { Answer, Rule } from "./judge.ts";

/** All rules, the most lasting first: what no release of anything will change, the candidate, then what PyTorch and NVIDIA publish. */
export function rulesOf(knowledge: Knowledge, candidate: Candidate): readonly Rule[] {
  return [
    cudaPlatformRule(knowledge),
    gpuCudaOsRule(knowledge),
    rocmRule(knowledge),
    requiresPythonRule(candidate),
    candidatePinRule(candidate),
    torchWheelRule(knowledge),
    glibcRule(knowledge),
    macosVersionRule(knowledge),
    gpuToolkitRule(knowledge),
    driverCudaRule(knowledge),
    gpuTorchRule(knowledge),
  ];
}
