import { expect, it } from "vitest";
import { KNOWLEDGE } from "../knowledge/knowledge.ts";
import type { Plan, PlannedJob } from "../plan/plan.ts";
import { capabilitiesOf } from "./capabilities.ts";
import type { GpuRequirement, Requirement } from "./requirement.ts";
import { satisfiability, type FarmAgent } from "./satisfiability.ts";

const SM90: GpuRequirement = { computeCapability: "9.0", model: null, cuda: "12.1", driver: null };

/** As much of a plan as the question needs: a build and a test per cell. */
function planOf(cells: Readonly<Record<string, Partial<Requirement>>>): Plan {
  const jobs = Object.entries(cells).flatMap(([cell, changes]) => {
    const requirement = {
      platform: "linux-x86_64",
      os: null,
      python: "3.12",
      torch: false,
      cudaToolkit: null,
      container: false,
    };
    const build = { kind: "build", name: `build-${cell}`, cell, needs: [] };
    const test = { kind: "test", name: `test-${cell}`, cell, needs: [build.name] };
    return [
      { ...build, requirement: { ...requirement, kind: "build", gpu: null } },
      { ...test, requirement: { ...requirement, kind: "test", gpu: null, ...changes } },
    ];
  });
  const named = Object.keys(cells).map((name) => ({ name, axes: { os: "linux-x86_64", python: "3.12" } }));
  return { cells: named, jobs: jobs as unknown as readonly PlannedJob[] } as unknown as Plan;
}

function agent(name: string, changes: { gpu?: boolean; online?: boolean; freeSlots?: number } = {}): FarmAgent {
  const { gpu = false, online = true, freeSlots = 1 } = changes;
  const h100 = {
    uuid: "GPU-1",
    memoryBytes: 1,
    migMode: "",
    migSlices: [],
    model: "NVIDIA H100 80GB HBM3",
    computeCapability: "9.0",
    driver: "550.54.15",
  };
  const capabilities = capabilitiesOf({
    name,
    kinds: ["build", "test"],
    osRelease: "debian-12",
    pythons: [{ platform: "linux-x86_64", feature: "3.12" }],
    installsTorch: false,
    gpus: gpu ? [h100] : [],
    cudaToolkits: [],
    executors: ["host"],
    labels: {},
  });
  return { capabilities, online, freeSlots };
}

it("cells that no agent can ever run come first, with what is missing", () => {
  const plan = planOf({ plain: {}, a: { gpu: SM90 }, b: { gpu: SM90 } });
  expect(satisfiability(plan, [agent("cpu")], KNOWLEDGE).groups).toEqual([
    { prospect: "never", missing: ["compute capability 9.0", "driver ≥ 525.60.13"], agents: [], cells: ["a", "b"] },
    { prospect: "now", missing: [], agents: [], cells: ["plain"] },
  ]);
});

it("a cell whose only agent is busy or offline names that agent", () => {
  const plan = planOf({ a: { gpu: SM90 } });
  const busy = satisfiability(plan, [agent("cpu"), agent("gpu", { gpu: true, freeSlots: 0 })], KNOWLEDGE);
  expect(busy.groups).toEqual([{ prospect: "when-free", missing: [], agents: ["gpu"], cells: ["a"] }]);
  const offline = satisfiability(plan, [agent("cpu"), agent("gpu", { gpu: true, online: false })], KNOWLEDGE);
  expect(offline.groups[0]).toMatchObject({ prospect: "when-online", agents: ["gpu"] });
});

it("without any agent all that is needed is missing", () => {
  const [group] = satisfiability(planOf({ plain: {} }), [], KNOWLEDGE).groups;
  expect(group).toMatchObject({ prospect: "never", missing: ["CPython 3.12 on linux-x86_64"] });
});

it("a cell whose build nobody can run is not promised, whichever cell the build is named for", () => {
  const plan = planOf({ a: {}, b: {} });
  const [buildA, testA, , testB] = plan.jobs;
  if (!buildA || !testA || !testB) throw new Error("the plan has jobs");
  const impossible = { ...buildA, requirement: { ...buildA.requirement, cudaToolkit: "12.1" } };
  const folded = { ...plan, jobs: [impossible, testA, { ...testB, needs: [buildA.name] }] as readonly PlannedJob[] };
  expect(satisfiability(folded, [agent("cpu")], KNOWLEDGE).groups).toMatchObject([
    { prospect: "never", missing: ["CUDA toolkit 12.1"], cells: ["a", "b"] },
  ]);
});

it("the order of agents changes nothing", () => {
  const plan = planOf({ plain: {}, a: { gpu: SM90 }, b: { os: "ubuntu-22.04" } });
  const agents = [agent("x"), agent("y", { gpu: true, freeSlots: 0 }), agent("z", { online: false })];
  expect(satisfiability(plan, agents, KNOWLEDGE)).toEqual(satisfiability(plan, agents.toReversed(), KNOWLEDGE));
});
