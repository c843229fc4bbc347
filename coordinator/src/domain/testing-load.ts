import type { JobKind, Requirement } from "@kiln/matrix";
import type { SimulatedAgent, SimulatedJob, SimulatedRun } from "./testing-simulation.ts";

// Farms and loads for simulations: mostly CPUs, some GPUs, about as much work for each.

const PYTHONS = ["3.9", "3.10", "3.11", "3.12", "3.13"];
const GPUS = [
  { model: "NVIDIA A100-SXM4-80GB", computeCapability: "8.0", count: 4 },
  { model: "NVIDIA H100 80GB HBM3", computeCapability: "9.0", count: 4 },
];
/** About as the agents are: no platform alone decides how long everything takes. */
const PLATFORMS = [
  ...Array<string>(15).fill("linux-x86_64"),
  ...Array<string>(3).fill("macos-arm64"),
  ...Array<string>(2).fill("windows-x86_64"),
];

/** 60 % Linux with one to four slots, 15 % macOS, 10 % Windows, 15 % Linux with four GPUs and four slots. */
export function mixedFarm(agents: number): readonly SimulatedAgent[] {
  return Array.from({ length: agents }, (_, index): SimulatedAgent => {
    const common = { name: `a${index}`, pythons: PYTHONS, gpu: null };
    const part = index / agents;
    if (part < 0.6) return { ...common, platform: "linux-x86_64", slots: 1 + (index % 4) };
    if (part < 0.75) return { ...common, platform: "macos-arm64", slots: 2 };
    if (part < 0.85) return { ...common, platform: "windows-x86_64", slots: 2 };
    return { ...common, platform: "linux-x86_64", slots: 4, gpu: GPUS[index % 2] ?? null };
  });
}

/** Runs submitted at once: builds of 6 minutes, four tests of each of 2; on Linux one of the four needs a GPU. */
export function mixedLoad(runs: number, jobsPerRun: number, seed: number): readonly SimulatedRun[] {
  const random = numbers(seed);
  const pick = <T>(list: readonly T[]): T => {
    const value = list[Math.floor(random() * list.length)];
    if (value === undefined) throw new Error("nothing to pick from");
    return value;
  };
  const durationMs = (meanMin: number): number => Math.round(60_000 * meanMin * (0.5 + random()));
  return Array.from({ length: runs }, () => {
    const jobs: SimulatedJob[] = [];
    while (jobs.length < jobsPerRun) {
      const build = jobs.length;
      const [platform, python] = [pick(PLATFORMS), pick(PYTHONS)];
      const building = requirementOf("build", platform, python, null);
      jobs.push({ requirement: building, needs: null, durationMs: durationMs(6) });
      for (let test = 0; test < 4; test += 1) {
        const gpu = platform === "linux-x86_64" && test === 0 ? pick(GPUS).computeCapability : null;
        const kind = gpu !== null && random() < 0.5 ? "bench" : "test";
        jobs.push({
          requirement: requirementOf(kind, platform, python, gpu),
          needs: build,
          durationMs: durationMs(2),
        });
      }
    }
    return { submittedAtMs: 0, jobs };
  });
}

export function requirementOf(
  kind: JobKind,
  platform: string,
  python: string,
  computeCapability: string | null,
): Requirement {
  const gpu = computeCapability === null ? null : { computeCapability, model: null, cuda: null, driver: null };
  return { kind, platform, os: null, python, torch: false, cudaToolkit: null, gpu, container: false };
}

/** Between 0 and 1, the same for the same seed: a linear congruential generator will do for durations. */
function numbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
