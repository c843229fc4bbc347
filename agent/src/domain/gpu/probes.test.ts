import { expect, it } from "vitest";
import { isAtLeast, minorCompatible } from "./cuda-of-driver.ts";
import { judgeClocks, judgeCounters, judgeNcu } from "./probes.ts";
import { parseSlices } from "./smi-list.ts";

const user = { os: "linux", isRoot: false, hasSysAdmin: false };
const root = { os: "linux", isRoot: true, hasSysAdmin: true };

it.each([
  ["450.80.02", "11.0", "linux", "11"],
  ["450.51.06", "11.0", "linux", "11"],
  ["418.43", "10.1", "linux", ""],
  ["525.60.13", "12.0", "linux", "12"],
  ["527.41", "12.0", "windows", "12"],
  ["560.35.03", "12.6", "linux", "12"],
  ["580.65.06", "13.0", "linux", "13"],
  ["640.10", "14.1", "linux", "14"],
])("driver %s with CUDA %s on %s runs CUDA %s by minor version compatibility", (driver, cuda, os, major) => {
  expect(minorCompatible(driver, cuda, os)).toBe(major);
});

it("versions are compared number by number", () => {
  expect(isAtLeast([525, 125, 6], [525, 60, 13])).toBe(true);
  expect(isAtLeast([525, 60], [525, 60, 13])).toBe(false);
});

it("counters are readable by everybody, by an administrator, or not, with what to do", () => {
  expect(judgeCounters("RmProfilingAdminOnly: 0\n", user).answer).toBe("yes");
  expect(judgeCounters("RmProfilingAdminOnly: 1\n", root).answer).toBe("yes");
  const refused = judgeCounters("EnableMSI: 1\nRmProfilingAdminOnly: 1\n", user);
  expect(refused.answer).toBe("no");
  expect(refused.detail).toContain("NVreg_RestrictProfilingToAdminUsers=0");
  expect(judgeCounters(null, user).answer).toBe("unknown");
});

it("a run of ncu is believed: a value, a refusal, or that it could not be tried and why", () => {
  expect(judgeNcu('"0","check","sm__cycles_elapsed.max","cycle","18,204"\n', "")).toMatchObject({ answer: "yes" });
  const refused = judgeNcu("==ERROR== ERR_NVGPUCTRPERM - The user does not have permission", "it ended with status 1");
  expect(refused.answer).toBe("no");
  expect(refused.detail).toContain("modprobe.d");
  // ncu ends with 0 when it has profiled nothing.
  expect(judgeNcu("==WARNING== No kernels were profiled.", "")).toEqual({
    answer: "unknown",
    detail:
      "ncu could not be tried: it gave no value of sm__cycles_elapsed, and said: ==WARNING== No kernels were profiled.",
  });
  expect(judgeNcu('"0","check","sm__cycles_elapsed.max","cycle","n/a"\n', "").answer).toBe("unknown");
});

it("clocks are lockable by root on a GPU that lists them; a user is told how", () => {
  const gpu = { computeCapability: "8.0", listsClocks: true };
  expect(judgeClocks(gpu, root).answer).toBe("yes");
  expect(judgeClocks(gpu, user)).toMatchObject({ answer: "no" });
  expect(judgeClocks(gpu, user).detail).toContain("sudo");
  expect(judgeClocks({ ...gpu, computeCapability: "6.1" }, root).answer).toBe("no");
  expect(judgeClocks({ ...gpu, listsClocks: false }, root).answer).toBe("no");
});

it("MIG devices belong to the GPU that they are listed under", () => {
  const output = `GPU 0: NVIDIA A100-SXM4-80GB (UUID: GPU-1)
  MIG 3g.40gb     Device  0: (UUID: MIG-a)
  MIG 1g.10gb+me  Device  1: (UUID: MIG-GPU-1/11/0)
GPU 1: NVIDIA A100-SXM4-80GB (UUID: GPU-2)
`;
  expect(parseSlices(output)).toEqual([
    { gpu: "GPU-1", uuid: "MIG-a", profile: "3g.40gb", index: 0 },
    { gpu: "GPU-1", uuid: "MIG-GPU-1/11/0", profile: "1g.10gb+me", index: 1 },
  ]);
});
