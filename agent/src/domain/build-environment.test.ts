import { expect, test } from "vitest";
import {
  buildVariables,
  chooseToolkit,
  cudaOf,
  misleading,
  readFoundToolkits,
  sourceDateEpoch,
} from "./build-environment.ts";
import type { WheelWish } from "./job.ts";

const GIB = 1024 ** 3;
const WISH: WheelWish = {
  kind: "native",
  torch: { version: "2.7.1", variant: "cu128" },
  cuda: "12.8",
  index: "cu128",
  localVersion: null,
  cxx11Abi: "1",
  archList: ["8.0", "9.0+PTX"],
  policy: null,
};
const TOOLKIT = { version: "12.8.93", path: "/opt/cuda-12.8" };
const FACTS = { wish: WISH, toolkit: TOOLKIT, sourceDateEpoch: 5, share: { cores: 8, memoryBytes: 64 * GIB } };

test("a build with device code gets its toolkit, its architectures and no more compilers than fit", () => {
  expect(buildVariables(FACTS)).toEqual({
    SOURCE_DATE_EPOCH: "5",
    FORCE_CUDA: "1",
    TORCH_CUDA_ARCH_LIST: "8.0 9.0+PTX",
    CUDA_HOME: "/opt/cuda-12.8",
    CUDA_PATH: "/opt/cuda-12.8",
    MAX_JOBS: "4",
    NVCC_THREADS: "2",
  });
});

test.each([
  [1, 1, "1", "1"],
  [64, 16, "4", "1"],
  [64, 256, "32", "2"],
  [2, 256, "2", "1"],
])("%i cores and %i GiB run %s compilers of %s threads", (cores, gib, jobs, threads) => {
  const variables = buildVariables({ ...FACTS, share: { cores, memoryBytes: gib * GIB } });
  expect([variables["MAX_JOBS"], variables["NVCC_THREADS"]]).toEqual([jobs, threads]);
});

test("a build that promises nothing gets a time and nothing else", () => {
  expect(Object.keys(buildVariables({ ...FACTS, wish: null, toolkit: null }))).toEqual(["SOURCE_DATE_EPOCH"]);
});

test("a build for the CPU or for ROCm is not forced to CUDA, and the CPU's is not led to it", () => {
  const cpu: WheelWish = { ...WISH, torch: { version: "2.7.1", variant: "cpu" }, cuda: null, archList: [] };
  const variables = buildVariables({ ...FACTS, wish: cpu, toolkit: null });
  expect(Object.keys(variables)).toEqual(["SOURCE_DATE_EPOCH", "MAX_JOBS"]);
  expect(misleading(cpu)?.test("CUDA_HOME")).toBe(true);
  expect(misleading(WISH)).toBeNull();
  expect(cudaOf({ ...WISH, cuda: "rocm6.0" })).toBeNull();
});

test("the time is the job's own, else the newest file's, and never before 1980", () => {
  expect(sourceDateEpoch("12", 1e12)).toBe(12);
  expect(sourceDateEpoch("soon", 1_700_000_000_999)).toBe(1_700_000_000);
  expect(sourceDateEpoch(undefined, null)).toBe(315_532_800);
  expect(sourceDateEpoch(undefined, 1)).toBe(315_532_800);
});

test("a toolkit fits by its feature release, and one with headers goes first", () => {
  const found = [
    { version: "12.10.1", path: "/a", hasHeaders: true },
    { version: "12.1.66", path: "/b", hasHeaders: false },
    { version: "12.1.105", path: "/c", hasHeaders: true },
  ];
  expect(chooseToolkit(found, "12.1")?.path).toBe("/c");
  expect(chooseToolkit(found.slice(0, 2), "12.1")?.path).toBe("/b");
  expect(chooseToolkit(found, "12.8")).toBeNull();
  expect(readFoundToolkits(JSON.stringify(found))).toEqual(found);
  for (const text of ["", "{}", '[{"version":1}]']) expect(readFoundToolkits(text)).toBeNull();
});
