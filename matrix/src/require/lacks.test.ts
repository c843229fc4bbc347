import { expect, it } from "vitest";
import { KNOWLEDGE } from "../knowledge/knowledge.ts";
import { capabilitiesOf, type AgentFacts } from "./capabilities.ts";
import { describeRequirement, fittingGpus, lacks } from "./lacks.ts";
import type { GpuRequirement, Requirement } from "./requirement.ts";

const PLAIN: Requirement = {
  kind: "test",
  platform: "linux-x86_64",
  os: null,
  python: "3.12",
  torch: false,
  cudaToolkit: null,
  gpu: null,
  container: false,
};
const ANY_GPU: GpuRequirement = { computeCapability: null, model: null, cuda: null, driver: null };
const H100 = {
  uuid: "GPU-1",
  model: "NVIDIA H100 80GB HBM3",
  computeCapability: "9.0",
  driver: "535.104.05",
  memoryBytes: 80 * 1024 ** 3,
  migMode: "",
  migSlices: [],
};
const AGENT: AgentFacts = {
  name: "box",
  kinds: ["build", "test"],
  osRelease: "ubuntu-22.04",
  pythons: [{ platform: "linux-x86_64", feature: "3.12" }],
  installsTorch: false,
  gpus: [],
  cudaToolkits: [],
  executors: ["host"],
  labels: { rack: "a3", nvlink: "" },
};

function lacking(requirement: Partial<Requirement>, agent: Partial<AgentFacts> = {}): readonly string[] {
  return lacks({ ...PLAIN, ...requirement }, capabilitiesOf({ ...AGENT, ...agent }), KNOWLEDGE);
}

it("an agent with the Python of the platform runs a plain job", () => {
  expect(lacking({})).toEqual([]);
  expect(lacking({ python: "3.13t" })).toEqual(["CPython 3.13t on linux-x86_64"]);
  expect(lacking({ platform: "linux-aarch64" })).toEqual(["CPython 3.12 on linux-aarch64"]);
});

it("a cell of a release runs on that release only, minor releases of a family included", () => {
  expect(lacking({ os: "ubuntu-22.04" })).toEqual([]);
  expect(lacking({ os: "ubuntu-20.04" })).toEqual(["ubuntu-20.04"]);
  expect(lacking({ os: "rhel-8" }, { osRelease: "rhel-8.10" })).toEqual([]);
  expect(lacking({ os: "debian-1" }, { osRelease: "debian-12" })).toEqual(["debian-1"]);
  expect(
    lacking(
      { os: "ubuntu-22.04-aarch64", platform: "linux-aarch64" },
      { pythons: [{ platform: "linux-aarch64", feature: "3.12" }] },
    ),
  ).toEqual([]);
});

it("a job that names an image needs an agent that runs jobs in containers; any other job does not mind one", () => {
  expect(lacking({ container: true })).toEqual(["containers (Docker or Podman)"]);
  expect(lacking({ container: true }, { executors: ["dummy"] })).toEqual(["containers (Docker or Podman)"]);
  expect(lacking({ container: true }, { executors: ["docker"] })).toEqual([]);
  expect(lacking({}, { executors: ["docker"] })).toEqual([]);
  expect(describeRequirement({ ...PLAIN, container: true }, KNOWLEDGE)).toContain("containers (Docker or Podman)");
});

it("everything that is missing is told at once", () => {
  expect(lacking({ kind: "bench", torch: true, cudaToolkit: "12.1" })).toEqual([
    "support for bench jobs",
    "support for installing PyTorch",
    "CUDA toolkit 12.1",
  ]);
  expect(lacking({ cudaToolkit: "12.1" }, { cudaToolkits: [{ version: "12.1.105" }] })).toEqual([]);
});

it("a GPU need names what no GPU of the agent has", () => {
  expect(lacking({ gpu: ANY_GPU })).toEqual(["an NVIDIA GPU"]);
  expect(lacking({ gpu: ANY_GPU }, { gpus: [H100] })).toEqual([]);
  expect(lacking({ gpu: { ...ANY_GPU, computeCapability: "9.0", cuda: "12.1" } })).toEqual([
    "compute capability 9.0",
    "driver ≥ 525.60.13",
  ]);
  expect(lacking({ gpu: { ...ANY_GPU, computeCapability: "9.0", cuda: "12.1" } }, { gpus: [H100] })).toEqual([]);
  expect(lacking({ gpu: { ...ANY_GPU, cuda: "13.0" } }, { gpus: [H100] })).toEqual(["driver ≥ 580"]);
  expect(lacking({ gpu: { ...ANY_GPU, model: "H100", driver: "535" } }, { gpus: [H100] })).toEqual([]);
  expect(lacking({ gpu: { ...ANY_GPU, model: "A100" } }, { gpus: [H100] })).toEqual(["GPU A100"]);
});

it("one GPU must meet a need alone: two that each meet half do not", () => {
  const oldDriver = { ...H100, driver: "470.82.01" };
  const t4 = { ...H100, uuid: "GPU-2", model: "Tesla T4", computeCapability: "7.5", driver: "550.54.15" };
  const gpu = { ...ANY_GPU, computeCapability: "9.0", cuda: "12.1" };
  expect(lacking({ gpu }, { gpus: [oldDriver, t4] })).toHaveLength(1);
});

it("a requirement in words is all of it", () => {
  const gpu = { ...ANY_GPU, model: "H100", cuda: "12.1" };
  expect(describeRequirement({ ...PLAIN, os: "ubuntu-22.04", gpu }, KNOWLEDGE)).toEqual([
    "CPython 3.12 on linux-x86_64",
    "ubuntu-22.04",
    "GPU H100",
    "driver ≥ 525.60.13",
  ]);
});

it("asked labels are there with their value, or with any", () => {
  expect(lacking({ labels: { rack: "a3", nvlink: null } })).toEqual([]);
  expect(lacking({ labels: { rack: "b1", zone: null, toString: null } })).toEqual([
    "the label rack=b1",
    "the label zone",
    "the label toString",
  ]);
});

it("several GPUs are that many which each meet the whole need, memory included", () => {
  const two = [H100, { ...H100, uuid: "GPU-2" }];
  const gpu = { ...ANY_GPU, model: "H100", count: 2, memoryBytes: 40 * 1024 ** 3 };
  expect(lacking({ gpu }, { gpus: two })).toEqual([]);
  expect(lacking({ gpu }, { gpus: [H100] })).toEqual(["2 such GPUs"]);
  expect(lacking({ gpu }, { gpus: [H100, { ...H100, uuid: "GPU-2", memoryBytes: 1024 ** 3 }] })).toEqual([
    "2 such GPUs",
  ]);
  expect(lacking({ gpu: { ...ANY_GPU, memoryBytes: 100 * 1024 ** 3 } }, { gpus: two })).toEqual(["a GPU with 100 GiB"]);
  expect(fittingGpus({ ...PLAIN, gpu }, capabilitiesOf({ ...AGENT, gpus: two }), KNOWLEDGE)).toEqual([
    "GPU-1",
    "GPU-2",
  ]);
});

it("of a GPU with MIG jobs get slices, each with its own memory", () => {
  const migSlices = [
    { uuid: "MIG-1", memoryBytes: 10 * 1024 ** 3 },
    { uuid: "MIG-2", memoryBytes: 40 * 1024 ** 3 },
  ];
  const sliced = capabilitiesOf({ ...AGENT, gpus: [{ ...H100, migMode: "enabled", migSlices }] });
  expect(fittingGpus({ ...PLAIN, gpu: ANY_GPU }, sliced, KNOWLEDGE)).toEqual(["MIG-1", "MIG-2"]);
  const large = { ...ANY_GPU, memoryBytes: 20 * 1024 ** 3 };
  expect(fittingGpus({ ...PLAIN, gpu: large }, sliced, KNOWLEDGE)).toEqual(["MIG-2"]);
});
