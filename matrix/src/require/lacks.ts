import { driverRuns, minimumDriver } from "../knowledge/cell-facts.ts";
import type { Knowledge } from "../knowledge/knowledge.ts";
import type { AgentCapabilities, AgentGpu, GpuRequirement, Requirement } from "./requirement.ts";

/**
 * What an agent lacks for a requirement, in words that follow "no agent has":
 * "CPython 3.12 on linux-x86_64", "compute capability 9.0". Empty when it can
 * run such jobs. GPU needs are met by one GPU together, not by several each.
 */
export function lacks(requirement: Requirement, agent: AgentCapabilities, knowledge: Knowledge): readonly string[] {
  const missing: string[] = [];
  const { kind, platform, os, python, torch, cudaToolkit, gpu, container, labels = {} } = requirement;
  if (!agent.kinds.includes(kind)) missing.push(`support for ${kind} jobs`);
  if (!agent.pythons.some((has) => has.platform === platform && has.feature === python)) {
    missing.push(`CPython ${python} on ${platform}`);
  }
  if (os !== null && !isRelease(agent.os, withoutArch(os))) missing.push(withoutArch(os));
  if (container && !agent.containers) missing.push("containers (Docker or Podman)");
  if (torch && !agent.installsTorch) missing.push("support for installing PyTorch");
  if (cudaToolkit !== null && !agent.cudaToolkits.includes(cudaToolkit)) missing.push(`CUDA toolkit ${cudaToolkit}`);
  if (gpu) missing.push(...lackingGpu(gpu, agent, platform, knowledge));
  for (const [key, value] of Object.entries(labels)) {
    const has = Object.hasOwn(agent.labels, key) ? agent.labels[key] : undefined;
    if (has === undefined || (value !== null && has !== value)) missing.push(labelWords(key, value));
  }
  return missing;
}

function labelWords(key: string, value: string | null): string {
  return `the label ${value === null || value === "" ? key : `${key}=${value}`}`;
}

/** The devices of an agent that each meet the whole need, by uuid; none when the job needs none. */
export function fittingGpus(
  { gpu, platform }: Requirement,
  agent: AgentCapabilities,
  knowledge: Knowledge,
): readonly string[] {
  if (!gpu) return [];
  const needs = gpuNeeds(gpu, platform, knowledge);
  return agent.gpus.filter((has) => needs.every(({ met }) => met(has))).map(({ uuid }) => uuid);
}

/** Everything that a requirement asks for, in the same words. */
export function describeRequirement(requirement: Requirement, knowledge: Knowledge): readonly string[] {
  const nothing = { name: "", kinds: [requirement.kind], os: "", pythons: [], installsTorch: false };
  return lacks(requirement, { ...nothing, cudaToolkits: [], gpus: [], containers: false, labels: {} }, knowledge);
}

/** True when the agent's release is the one asked for: rhel-8.10 is a rhel-8. */
function isRelease(has: string, wanted: string): boolean {
  return has === wanted || has.startsWith(`${wanted}.`);
}

function withoutArch(os: string): string {
  return os.replace(/-(?:x86_64|aarch64|arm64)$/, "");
}

type GpuNeed = { readonly words: string; readonly met: (gpu: AgentGpu) => boolean };

function lackingGpu(gpu: GpuRequirement, agent: AgentCapabilities, platform: string, knowledge: Knowledge): string[] {
  const needs = gpuNeeds(gpu, platform, knowledge);
  const { count = 1 } = gpu;
  const several = count > 1 ? [`${count} such GPUs`] : [];
  if (agent.gpus.length === 0) {
    return needs.length === 0
      ? [count > 1 ? `${count} NVIDIA GPUs` : "an NVIDIA GPU"]
      : [...needs.map(({ words }) => words), ...several];
  }
  const perGpu = agent.gpus.map((has) => needs.filter(({ met }) => !met(has)).map(({ words }) => words));
  if (perGpu.filter((missing) => missing.length === 0).length >= count) return [];
  // The GPU that comes nearest says what is missing.
  return [...perGpu.reduce((best, missing) => (missing.length < best.length ? missing : best)), ...several];
}

function gpuNeeds(gpu: GpuRequirement, platform: string, knowledge: Knowledge): readonly GpuNeed[] {
  const { model, computeCapability, cuda, driver, memoryBytes } = gpu;
  const needs: GpuNeed[] = [];
  if (model !== null) needs.push({ words: `GPU ${model}`, met: (has) => has.model === model });
  if (computeCapability !== null) {
    needs.push({
      words: `compute capability ${computeCapability}`,
      met: (has) => has.computeCapability === computeCapability,
    });
  }
  if (driver !== null) {
    needs.push({
      words: `driver ${driver}`,
      met: (has) => has.driver === driver || has.driver.startsWith(`${driver}.`),
    });
  }
  if (memoryBytes !== undefined) {
    needs.push({
      words: `a GPU with ${memoryBytes / GIB >= 1 ? `${round(memoryBytes / GIB)} GiB` : `${round(memoryBytes / MIB)} MiB`}`,
      met: (has) => has.memoryBytes >= memoryBytes,
    });
  }
  if (cuda !== null) {
    const least = minimumDriver(knowledge, cuda, platform);
    needs.push({
      words: least === null ? `a driver that runs CUDA ${cuda}` : `driver ≥ ${least}`,
      // What the data cannot tell is tried rather than refused for ever.
      met: (has) => driverRuns(knowledge, has.driver, cuda, platform) !== "does-not-run",
    });
  }
  return needs;
}

const MIB = 1_048_576;
const GIB = 1_073_741_824;

function round(count: number): number {
  return Math.round(count * 10) / 10;
}
