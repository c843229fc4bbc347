import { expect, it } from "vitest";
import type { SmiGpu } from "../gpu/smi-log.ts";
import { NO_MEMORY, parseMemory, remember } from "./health-memory.ts";
import { judgeDriver, judgeEcc, judgeMemory, judgeSlowdown, judgeXids } from "./judge-gpu.ts";
import { judgeKernel } from "./judge-kernel.ts";
import { judgeMachine } from "./judge-machine.ts";
import { parseXids, pciKey } from "./xid.ts";

const GPU: SmiGpu = {
  uuid: "GPU-1",
  pciBusId: "00000000:3B:00.0",
  migMode: "",
  migMemoryBytes: new Map(),
  eccMode: "enabled",
  eccVolatile: { corrected: 0, uncorrected: 0 },
  eccAggregate: { corrected: 0, uncorrected: 0 },
  smClockMaxMhz: 1410,
  memoryClockMaxMhz: 1593,
  powerLimitWatts: 400,
  listsClocks: true,
  memoryBytes: 80 * 1024 ** 3,
  memoryUsedBytes: 4 * 1024 ** 2,
  temperatureCelsius: 41,
  slowdowns: [],
  wants: "",
  isRemapFailed: false,
  isRepairPending: false,
  processes: [],
  sick: "",
};
const BUSES = new Set([GPU.pciBusId]);
const ecc = (corrected: number, uncorrected: number): SmiGpu => ({ ...GPU, eccVolatile: { corrected, uncorrected } });

it("uncorrectable errors fail a GPU when they have risen since the last look, and not when a driver counts anew", () => {
  const memory = remember(NO_MEMORY, [ecc(0, 4)], [], BUSES);
  expect(judgeEcc("GPU-1", ecc(0, 4), NO_MEMORY).status).toBe("warning");
  expect(judgeEcc("GPU-1", ecc(0, 4), memory).status).toBe("ok");
  expect(judgeEcc("GPU-1", ecc(0, 5), memory)).toMatchObject({
    status: "failed",
    detail: expect.stringMatching(/^1 uncorrectable/) as string,
  });
  expect(judgeEcc("GPU-1", ecc(0, 0), memory).status).toBe("ok");
  // A reboot, and then one more.
  expect(judgeEcc("GPU-1", ecc(0, 1), memory).status).toBe("failed");
});

it("corrected errors are a warning; memory that cannot be repaired is a failure; a GPU without ECC is not run", () => {
  expect(judgeEcc("GPU-1", ecc(9, 0), remember(NO_MEMORY, [GPU], [], BUSES)).status).toBe("warning");
  expect(judgeEcc("GPU-1", { ...GPU, isRemapFailed: true }, NO_MEMORY).status).toBe("failed");
  expect(judgeEcc("GPU-1", { ...GPU, isRepairPending: true }, NO_MEMORY).status).toBe("warning");
  const none = { ...GPU, eccVolatile: { corrected: null, uncorrected: null } };
  expect(judgeEcc("GPU-1", none, NO_MEMORY).status).toBe("not-run");
});

it("an Xid belongs to the GPU on its bus, and is told once, also after the memory was kept", () => {
  const xids = parseXids([
    "[ 12.5] NVRM: Xid (PCI:0000:3b:00): 48, pid='<unknown>', name=<unknown>, DBE",
    "Nov 21 host kernel: NVRM: Xid (PCI:0000:5e:00): 79, GPU has fallen off the bus.",
    "[ 13.0] NVRM: GPU at PCI:0000:3b:00: GPU-1",
  ]);
  expect(xids.map(({ number, pci }) => [number, pci])).toEqual([
    [48, "0000:3b:00"],
    [79, "0000:5e:00"],
  ]);
  const known = remember(NO_MEMORY, [], [], BUSES);
  const found = { xids, reason: "" };
  expect(judgeXids("GPU-1", GPU, found, known)).toMatchObject({
    status: "failed",
    detail: expect.stringMatching(/Xid .* 48/) as string,
  });
  const told = parseMemory(JSON.stringify(remember(known, [GPU], xids, BUSES)));
  expect(judgeXids("GPU-1", GPU, found, told).status).toBe("ok");
  const other = { ...GPU, pciBusId: "00000000:5E:00.0" };
  expect(judgeXids("GPU-2", other, found, told).status).toBe("failed");
});

it("what was in the log before anybody looked is a warning, and a log that cannot be read is not run", () => {
  const xids = parseXids(["[ 12.5] NVRM: Xid (PCI:0000:3b:00): 79, GPU has fallen off the bus."]);
  expect(judgeXids("GPU-1", GPU, { xids, reason: "" }, NO_MEMORY).status).toBe("warning");
  expect(judgeXids("GPU-1", GPU, { xids: null, reason: "no dmesg" }, NO_MEMORY)).toMatchObject({
    status: "not-run",
    detail: "no dmesg",
  });
});

it("buses are one, however nvidia-smi and the kernel write them", () => {
  expect(pciKey("00000000:3B:00.0")).toBe(pciKey("0000:3b:00"));
  expect(pciKey("00010000:3B:00.0")).not.toBe(pciKey("00020000:3B:00.0"));
});

it("a GPU that is gone, sick or waiting for a reset fails; heat and memory in use are warnings", () => {
  expect(judgeDriver("GPU-1", undefined).status).toBe("failed");
  expect(judgeDriver("GPU-1", { ...GPU, sick: "fan_speed: ERR!" }).status).toBe("failed");
  expect(judgeDriver("GPU-1", { ...GPU, wants: "Reset" }).status).toBe("failed");
  expect(judgeSlowdown("GPU-1", { ...GPU, slowdowns: ["hw thermal slowdown"] }).status).toBe("warning");
  expect(judgeMemory("GPU-1", { ...GPU, memoryUsedBytes: 9 * 1024 ** 3 }).status).toBe("warning");
  const held = { ...GPU, memoryUsedBytes: 9 * 1024 ** 3 };
  const process = { pid: 7, computes: true, name: "python", memoryBytes: 9 * 1024 ** 3 };
  expect(judgeMemory("GPU-1", { ...held, processes: [process] }).status).toBe("ok");
});

it.each([
  ['{"ok":true,"mebibytes":64,"ms":12.5}', "", "ok"],
  ['{"ok":true,"mebibytes":64,"ms":12.5}', "it was killed by SIGSEGV", "failed"],
  ['{"ok":false,"step":"compare","code":0,"error":"3 words"}', "it ended with status 1", "failed"],
  ['{"ok":false,"step":"allocate","code":2,"error":"out of memory"}', "it ended with status 1", "failed"],
  [
    '{"ok":false,"step":"find","code":35,"error":"driver version is insufficient"}',
    "it ended with status 1",
    "not-run",
  ],
  ["", "it took longer than 60 s", "failed"],
  ["garbage", "", "failed"],
])("a check program that prints %j and %j is %s", (stdout, failure, status) => {
  expect(judgeKernel("GPU-1", { stdout, failure, isMissing: false, by: "CUDA 12.4" })).toMatchObject({ status });
});

it("a program that cannot be started says nothing of the GPU", () => {
  const run = { stdout: "", failure: "spawn EACCES", isMissing: true, by: "CUDA 12.4" };
  expect(judgeKernel("GPU-1", run).status).toBe("not-run");
});

it("little room and much waiting for memory are warnings", () => {
  const state = {
    diskFreeBytes: 10 * 1024 ** 3,
    memoryBytes: 64 * 1024 ** 3,
    memoryAvailableBytes: 32 * 1024 ** 3,
    pressure: { cpu: 50, memory: 1, io: 0 },
  };
  const statuses = (changes: Partial<typeof state>) =>
    judgeMachine({ ...state, ...changes }).map(({ status }) => status);
  expect(statuses({})).toEqual(["ok", "ok"]);
  expect(statuses({ diskFreeBytes: 1024 })).toEqual(["warning", "ok"]);
  expect(statuses({ memoryAvailableBytes: 1024 })).toEqual(["ok", "warning"]);
  expect(statuses({ pressure: { cpu: 0, memory: 60, io: 0 } })).toEqual(["ok", "warning"]);
});

it("a memory that is damaged is none", () => {
  for (const text of ["", "null", "[]", '{"xidLines":7,"ecc":{"GPU-1":null}}']) {
    expect(parseMemory(text)).toMatchObject({ xidLines: null, ecc: {} });
  }
});
