import { gpuFacts } from "../knowledge/cell-facts.ts";
import type { Knowledge } from "../knowledge/knowledge.ts";
import { isCudaVersion } from "../known/cuda-value.ts";
import { platformOf } from "../known/os-target.ts";
import type { GpuRequirement, Requirement } from "../require/requirement.ts";
import type { AgentsSpec, ContainerSpec } from "../spec/spec.ts";
import type { CellTable } from "./cell-table.ts";
import { perProjection } from "./per-projection.ts";
import type { JobKind } from "./job-kind.ts";
import type { CellAxes } from "./plan.ts";
import { namesImage } from "./planned-container.ts";

/** Gives each distinct requirement one object. */
export class RequirementPool {
  readonly #byText = new Map<string, Requirement>();

  intern(requirement: Requirement): Requirement {
    const text = requirementText(requirement);
    const known = this.#byText.get(text);
    if (known) return known;
    this.#byText.set(text, requirement);
    return requirement;
  }
}

/** A text that is equal for equal requirements and only for those. */
export function requirementText(requirement: Requirement): string {
  const { kind, platform, os, python, torch, cudaToolkit, gpu, container, labels = {}, ...rest } = requirement;
  // A field that is added to the type is an error here until the text has it.
  rest satisfies Readonly<Record<string, never>>;
  const { computeCapability, model, cuda, driver, memoryBytes, count, ...gpuRest } = gpu ?? NO_GPU;
  gpuRest satisfies Readonly<Record<string, never>>;
  const asked = Object.entries(labels);
  return JSON.stringify([
    [kind, platform, os, python, torch, cudaToolkit],
    gpu === null ? null : [computeCapability, model, cuda, driver],
    // Keys of jobs hold this text: those of jobs that name no image are what they were before there were images.
    ...(container ? ["container"] : []),
    // Likewise those of jobs that ask nothing more of agents.
    ...(memoryBytes === undefined ? [] : [["memory", memoryBytes]]),
    ...(count === undefined ? [] : [["gpus", count]]),
    ...(asked.length === 0 ? [] : [["labels", asked]]),
  ]);
}

const NO_GPU: GpuRequirement = { computeCapability: null, model: null, cuda: null, driver: null };

/**
 * What an agent needs for jobs of `kind` in a cell: those that run the wheel
 * there. `wantsGpu` false: they are content without one. `container` is what
 * the spec asks for them.
 */
export function cellRequirements(
  table: CellTable,
  { kind, wantsGpu, container, agents }: CellNeeds,
  knowledge: Knowledge,
  pool: RequirementPool,
): (row: number) => Requirement {
  const torchColumn = table.axes.findIndex(({ name }) => name === "torch");
  const everywhere = !table.codes.some((code, at) => code === -1 && at % table.axes.length === torchColumn);
  // Which torch it is does not matter, only whether there is one: that keeps the lookups few.
  const axes = ["os", "python", "cuda", "gpu", "driver", ...(everywhere ? [] : ["torch"])];
  return perProjection(table, axes, (cell) => {
    const platform = platformOf(cell.os);
    return pool.intern({
      kind,
      platform,
      os: cell.os === platform ? null : cell.os,
      python: cell.python,
      torch: cell["torch"] !== undefined,
      cudaToolkit: null,
      gpu: wantsGpu ? withAgents(gpuRequirement(cell, knowledge), agents) : null,
      container: namesImage(platform, container),
      ...labelsOf(agents),
    });
  });
}

interface CellNeeds {
  readonly kind: JobKind;
  readonly wantsGpu: boolean;
  readonly container: ContainerSpec | null;
  readonly agents: AgentsSpec | null;
}

/** The labels that a kind of job asks for, as a part of its requirement. */
export function labelsOf(agents: AgentsSpec | null): Pick<Requirement, "labels"> {
  return agents === null || Object.keys(agents.labels).length === 0 ? {} : { labels: agents.labels };
}

function withAgents(gpu: GpuRequirement | null, agents: AgentsSpec | null): GpuRequirement | null {
  if (gpu === null || agents === null) return gpu;
  return {
    ...gpu,
    ...(agents.gpuMemoryBytes === null ? {} : { memoryBytes: agents.gpuMemoryBytes }),
    ...(agents.gpus === 1 ? {} : { count: agents.gpus }),
  };
}

/**
 * A cell with CUDA needs a GPU whose driver runs it, unless the cell says
 * `gpu: none`; so does one that names a GPU or a driver and says nothing of
 * CUDA. `cpu` and ROCm cells need none.
 */
function gpuRequirement(cell: CellAxes, knowledge: Knowledge): GpuRequirement | null {
  const { cuda, gpu, driver } = cell;
  if (gpu === "none") return null;
  if (cuda === undefined ? gpu === undefined && driver === undefined : !isCudaVersion(cuda)) return null;
  const facts = gpu === undefined ? null : gpuFacts(knowledge, gpu);
  return {
    computeCapability: facts?.computeCapability ?? null,
    model: facts?.model ?? null,
    cuda: cuda ?? null,
    driver: driver ?? null,
  };
}
