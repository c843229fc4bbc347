import { describe, expect, test } from "vitest";
import { execution } from "./binary-compatibility.ts";
import { cxx11Abi, driverRuns, gpuFacts, hostGccMax, minimumDriver, torchArchList } from "./cell-facts.ts";
import { KNOWLEDGE } from "./knowledge.ts";
import { cell, rule, word } from "./testing.ts";

describe("driver-cuda", () => {
  const judge = rule("driver-cuda").judge;

  // NVIDIA, CUDA Compatibility: 525.60.13 runs all of 12.x, 450.80.02 all of 11.1 and later, 580 all of 13.x.
  test.for([
    ["525.60.13", "12.1", "linux-x86_64", "runs-without-newest-features"],
    ["525.60.13", "12.9", "linux-x86_64", "runs-without-newest-features"],
    ["525.60.13", "12.0", "linux-x86_64", "runs"],
    ["525.60.12", "12.1", "linux-x86_64", "does-not-run"],
    ["530.30.02", "12.1", "linux-x86_64", "runs"],
    ["530.30.01", "12.1", "linux-x86_64", "runs-without-newest-features"],
    ["535.104.05", "12.1", "ubuntu-22.04", "runs"],
    ["450.80.02", "11.1", "linux-x86_64", "runs-without-newest-features"],
    ["450.80.02", "11.8", "linux-x86_64", "runs-without-newest-features"],
    ["450.36.06", "11.1", "linux-x86_64", "does-not-run"],
    ["450.36.06", "11.0", "linux-x86_64", "runs"],
    ["575.57.08", "13.0", "linux-x86_64", "does-not-run"],
    ["580.65.06", "13.0", "linux-x86_64", "runs"],
    ["580.65.06", "13.2", "linux-x86_64", "runs-without-newest-features"],
    ["610.43.02", "11.8", "linux-x86_64", "runs"],
    // A branch stands for its newest driver.
    ["535", "12.1", "linux-x86_64", "runs"],
    ["525", "12.1", "linux-x86_64", "runs-without-newest-features"],
    ["520", "12.1", "linux-x86_64", "does-not-run"],
    ["580", "13.0", "linux-x86_64", "runs"],
    // Windows has numbers of its own.
    ["528.33", "12.1", "windows-11", "runs-without-newest-features"],
    ["528.32", "12.1", "windows-11", "does-not-run"],
    ["531.14", "12.1", "windows-11", "runs"],
    ["527.41", "12.0", "windows-11", "runs"],
    ["581.00", "13.0", "windows-11", "runs-without-newest-features"],
    ["535.104.05", "14.0", "linux-x86_64", "unknown"],
    ["580", "13.4", "linux-x86_64", "runs-without-newest-features"],
  ] as const)("%s and CUDA %s on %s: %s", ([driver, cuda, os, expected]) => {
    expect(driverRuns(KNOWLEDGE, driver, cuda, os)).toBe(expected);
    const word_ = {
      runs: "possible",
      "runs-without-newest-features": "possible",
      "does-not-run": "impossible",
      unknown: "unknown",
    };
    expect(word(judge(cell({ os, driver, cuda })))).toBe(word_[expected]);
  });

  test("says which of the two levels applies, and what the other needs", () => {
    expect(judge(cell({ driver: "525.60.13", cuda: "12.1" }))).toMatchObject({
      answer: "possible",
      reason:
        "driver 525.60.13 runs CUDA 12.1 on Linux by minor version compatibility, from driver 525.60.13 on, without compiling PTX for newer GPUs and without features of newer drivers, which need driver 530.30.02",
      source: expect.stringContaining("Minor Version Compatibility") as string,
    });
    expect(judge(cell({ driver: "470.57.02", cuda: "12.1" }))).toMatchObject({
      answer: "impossible",
      reason: "driver 470.57.02 does not run CUDA 12.1 on Linux, which needs driver 525.60.13 at least",
    });
  });

  test("a cell of the CPU or of ROCm does not ask for a driver of NVIDIA", () => {
    expect(judge(cell({ driver: "450", cuda: "cpu" }))).toBeNull();
    expect(judge(cell({ driver: "450", cuda: "rocm6.0" }))).toBeNull();
  });

  test("a newer driver never runs less of a CUDA than an older one", () => {
    const rank = { "does-not-run": 0, unknown: 0, "runs-without-newest-features": 1, runs: 2 };
    const drivers = KNOWLEDGE.toolkits.flatMap(({ ownDriver, oldestDriver }) => [ownDriver.linux, oldestDriver.linux]);
    const sorted = [...new Set(drivers.filter((driver) => driver !== null))].toSorted((a, b) =>
      a.localeCompare(b, "en", { numeric: true }),
    );
    for (const cuda of KNOWLEDGE.toolkitsByFeature.keys()) {
      const levels = sorted.map((driver) => rank[driverRuns(KNOWLEDGE, driver, cuda, "linux-x86_64")]);
      expect(levels).toEqual(levels.toSorted((a, b) => a - b));
    }
  });

  test.for([
    ["12.1", "linux-x86_64", "525.60.13"],
    ["12.1", "windows-x86_64", "528.33"],
    ["12.0", "windows-x86_64", "527.41"],
    ["13.0", "linux-x86_64", "580"],
    ["14.0", "linux-x86_64", null],
    ["12.1", "macos-arm64", null],
  ] as const)("the oldest driver for CUDA %s on %s is %s", ([cuda, os, driver]) => {
    expect(minimumDriver(KNOWLEDGE, cuda, os)).toBe(driver);
  });
});

describe("machine code and PTX", () => {
  test.for([
    [["8.0", "9.0"], "9.0", "machine-code"],
    [["8.0"], "8.6", "machine-code"],
    [["8.6"], "8.0", "none"],
    [["9.0"], "10.0", "none"],
    [["9.0+PTX"], "10.0", "ptx"],
    [["12.0+PTX"], "10.0", "none"],
    [["3.7+PTX", "8.6"], "9.0", "ptx"],
    [["12.0"], "12.1", "machine-code"],
    [["10.0"], "10.3", "machine-code"],
    // Jetson's machine code and that of other GPUs do not mix; PTX does.
    [["8.0", "8.6"], "8.7", "none"],
    [["8.0", "8.6+PTX"], "8.7", "ptx"],
    [["8.7"], "8.9", "none"],
    [["8.7"], "8.7", "machine-code"],
    // CUDA 13 renamed 10.1 to 11.0.
    [["10.1"], "11.0", "machine-code"],
    [["10.0"], "11.0", "none"],
    [[], "9.0", "none"],
  ] as const)("code for %j on %s: %s", ([archs, capability, kind]) => {
    expect(execution(archs, capability).kind).toBe(kind);
  });
});

describe("gpu-toolkit", () => {
  const judge = rule("gpu-toolkit").judge;

  test.for([
    ["H100", "12.1", "possible"],
    ["H100", "11.8", "possible"],
    ["H100", "11.7", "impossible"],
    ["7.0", "12.9", "possible"],
    ["7.0", "13.0", "impossible"],
    ["V100", "13.0", "impossible"],
    ["8.9", "11.7", "possible"],
    ["12.0", "12.6", "impossible"],
    ["12.0", "12.8", "possible"],
    ["12.1", "12.8", "possible"],
    ["Jetson T5000 (Thor)", "12.8", "possible"],
    ["Jetson T5000 (Thor)", "13.0", "possible"],
    ["9.9", "12.8", "unknown"],
    ["H100", "13.4", "unknown"],
    ["H100", "14.0", "unknown"],
    ["none", "12.1", "silent"],
    ["H100", "cpu", "silent"],
  ] as const)("%s and CUDA %s: %s", ([gpu, cuda, expected]) => {
    expect(word(judge(cell({ gpu, cuda })))).toBe(expected);
  });

  test("explains a GPU that a toolkit does not know by name", () => {
    expect(judge(cell({ gpu: "8.9", cuda: "11.7" }))?.reason).toBe(
      "CUDA 11.7 compiles for compute capability 8.9, as 8.6, whose machine code runs there",
    );
    expect(judge(cell({ gpu: "Jetson T5000 (Thor)", cuda: "12.8" }))?.reason).toContain("which it calls 10.1");
    expect(judge(cell({ gpu: "V100", cuda: "13.0" }))?.reason).toBe(
      "CUDA 13.0 does not compile for V100 (compute capability 7.0), only for compute capabilities from 7.5 to 12.1",
    );
  });
});

describe("gpu-torch", () => {
  const judge = rule("gpu-torch").judge;

  // The list belongs to the build: CUDA 12.8 has no 7.0 in torch 2.7, has it in 2.8 to 2.10, and lost it in 2.11.
  test.for([
    ["2.7.1", "impossible"],
    ["2.8.0", "possible"],
    ["2.9.1", "possible"],
    ["2.10.0", "possible"],
    ["2.11.0", "impossible"],
  ] as const)("torch %s for CUDA 12.8 on compute capability 7.0: %s", ([torch, expected]) => {
    expect(word(judge(cell({ torch, cuda: "12.8", gpu: "V100" })))).toBe(expected);
  });

  test.for([
    [{ torch: "2.0.1", cuda: "11.7", gpu: "H100" }, "impossible"],
    [{ torch: "2.0.1", cuda: "11.8", gpu: "H100" }, "possible"],
    [{ torch: "2.0.1", cuda: "11.7", gpu: "8.9" }, "possible"],
    // Windows builds of that time carry PTX.
    [{ torch: "2.0.1", cuda: "11.7", gpu: "H100", os: "windows-11" }, "possible"],
    [{ torch: "2.14.0", cuda: "13.0", gpu: "GB10 (DGX Spark)" }, "possible"],
    [{ torch: "2.5.1", cuda: "12.4", gpu: "A100", os: "linux-aarch64" }, "impossible"],
    [{ torch: "2.6.0", cuda: "12.4", gpu: "H100" }, "unknown"],
    [{ torch: "2.7.1", cuda: "12.8", gpu: "H100", os: "windows-11" }, "unknown"],
    // Builds that do not exist are for torch-wheel to refuse.
    [{ torch: "2.0.1", cuda: "12.1", gpu: "H100" }, "silent"],
    [{ torch: "2.0.1", cuda: "11.7", gpu: "none" }, "silent"],
    [{ torch: "2.0.1", cuda: "cpu", gpu: "H100" }, "silent"],
  ] as const)("%o: %s", ([axes, expected]) => {
    expect(word(judge(cell(axes)))).toBe(expected);
  });
});

describe("facts about a cell", () => {
  // ≤ 2.5 is 0, ≥ 2.7 is 1, and 2.6 on x86_64 is mixed.
  test.for([
    ["2.5.1", "12.4", "linux-x86_64", "0"],
    ["1.13.1", "cpu", "linux-x86_64", "0"],
    ["2.6.0", "12.6", "linux-x86_64", "1"],
    ["2.6.0", "12.4", "linux-x86_64", "0"],
    ["2.6.0", "11.8", "linux-x86_64", "0"],
    ["2.6.0", "cpu", "linux-x86_64", "0"],
    ["2.6.0", "rocm6.1", "linux-x86_64", "1"],
    ["2.6.0", "cpu", "linux-aarch64", "1"],
    ["2.6.0", null, "linux-x86_64", null],
    ["2.7.1", "12.8", "linux-x86_64", "1"],
    ["2.14.0", null, "linux-x86_64", "1"],
    ["2.5.1", "cpu", "linux-aarch64", null],
    ["2.7.1", "cpu", "windows-x86_64", null],
    ["2.7.1", "cpu", "macos-arm64", null],
    ["2.99.0", "cpu", "linux-x86_64", null],
  ] as const)("the C++ ABI of torch %s for %s on %s is %s", ([torch, cuda, platform, abi]) => {
    expect(cxx11Abi(KNOWLEDGE, torch, cuda, platform)).toBe(abi);
  });

  // 11.8 → 11, 12.0 to 12.3 → 12, 12.4 to 12.6 → 13, 12.8 and 12.9 → 14, 13.x → 15.
  test.for([
    ["11.8", 11],
    ["12.0", 12],
    ["12.3", 12],
    ["12.4", 13],
    ["12.6", 13],
    ["12.8", 14],
    ["12.9", 14],
    ["13.0", 15],
    ["13.4", null],
    ["14.0", null],
  ] as const)("CUDA %s takes gcc up to %s", ([cuda, gcc]) => {
    expect(hostGccMax(KNOWLEDGE, cuda)).toBe(gcc);
  });

  test("the list of capabilities is the build's, oldest first", () => {
    expect(torchArchList(KNOWLEDGE, "2.7.1", "12.8", "linux-x86_64")).toEqual([
      "7.5",
      "8.0",
      "8.6",
      "9.0",
      "10.0",
      "12.0+PTX",
    ]);
    expect(torchArchList(KNOWLEDGE, "2.1.2", "11.8", "linux-x86_64")?.[0]).toBe("3.7");
    expect(torchArchList(KNOWLEDGE, "2.7.1", "cpu", "linux-x86_64")).toBeNull();
    expect(torchArchList(KNOWLEDGE, "2.7.1", null, "linux-x86_64")).toBeNull();
  });

  test("a GPU is a model with its capability, or a capability", () => {
    expect(gpuFacts(KNOWLEDGE, "H100")).toEqual({ model: "H100", computeCapability: "9.0" });
    expect(gpuFacts(KNOWLEDGE, "9.0")).toEqual({ model: null, computeCapability: "9.0" });
    expect(gpuFacts(KNOWLEDGE, "none")).toBeNull();
  });
});
